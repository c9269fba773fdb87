"""The two messages of sops' key service that are needed, as Protocol Buffers.

The reference is getsops/sops v3.13, ``keyservice/keyservice.proto``.
"""

from __future__ import annotations

from reconciler.model.sops import MasterKey

# For each kind of master key: its number in ``Key``, and its fields by number.
_KEYS: dict[str, tuple[int, tuple[str, ...]]] = {
    "kms": (1, ("arn", "role", "", "aws_profile")),
    "pgp": (2, ("fp",)),
    "gcp_kms": (3, ("resource_id",)),
    "azure_kv": (4, ("vault_url", "name", "version")),
    "hc_vault": (5, ("vault_address", "engine_path", "key_name")),
    "age": (6, ("recipient",)),
    "hckms": (7, ("key_id",)),
}
_KEY, _CIPHERTEXT, _PLAINTEXT = 1, 2, 1
_LENGTH_DELIMITED = 2
_TYPE_BITS = 3
_MORE = 0x80


def decrypt_request(key: MasterKey) -> bytes:
    """A ``DecryptRequest`` for the data key that `key` wrapped."""
    number, names = _KEYS[key.kind]
    fields = b"".join(
        _field(index, key.fields[name].encode())
        for index, name in enumerate(names, start=1)
        if key.fields.get(name)
    )
    return _field(_KEY, _field(number, fields)) + _field(_CIPHERTEXT, key.wrapped.encode())


def plaintext_of(message: bytes) -> bytes:
    """The plaintext of a ``DecryptResponse``.

    Raises:
        ValueError: the message is not one.
    """
    position = 0
    while position < len(message):
        tag, position = _number(message, position)
        if tag & 0b111 != _LENGTH_DELIMITED:
            raise ValueError
        length, position = _number(message, position)
        content, position = message[position : position + length], position + length
        if tag >> _TYPE_BITS == _PLAINTEXT and len(content) == length:
            return content
    raise ValueError


def _field(number: int, content: bytes) -> bytes:
    tag = number << _TYPE_BITS | _LENGTH_DELIMITED
    return _varint(tag) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= _MORE:
        encoded.append(number & 0x7F | _MORE)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _number(message: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while position < len(message):
        byte = message[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < _MORE:
            return number, position
        shift += 7
    raise ValueError
