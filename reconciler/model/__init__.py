"""The words of this program as frozen data: objects, plans, events, and the store's protocol."""
