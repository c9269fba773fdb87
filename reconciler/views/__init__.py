"""One module for each output format; each function turns frozen data into text, and prints nothing.

Nothing in here ever sees a secret value: plans are made of `ValueRef`s, of which the number is
shown and the fingerprint is not. All functions return text without a final line break.
"""
