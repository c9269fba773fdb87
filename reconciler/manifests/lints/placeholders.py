"""Placeholders, masks and references: what some tool was to replace, mask or decrypt, and did not.

`WHOLE`, `INSIDE` and `ENCRYPTED` are the tables, and docs/diagnostics.md prints them. All patterns
take linear time: no two of their repetitions can match the same text.
"""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

from reconciler.manifests.lints import names
from reconciler.model.objects import Severity
from reconciler.rules import Violation

_LONGEST = 200  # bytes of a value that may be a placeholder as a whole
_LONGEST_UNENCODED = 60  # bytes that a placeholder becomes where data holds it without base64
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]")


class Placeholder(NamedTuple):
    """A row: what the value is in the words of a message, its pattern, and what to do."""

    what: str
    pattern: bytes
    hint: str


class Marked(NamedTuple):
    """A row of what may stand anywhere in a value: ``marker`` is in all that the pattern fits."""

    what: str
    marker: bytes
    pattern: re.Pattern[bytes]
    hint: str


class Encrypted(NamedTuple):
    """A row of what encrypted files begin with."""

    what: str
    start: bytes
    hint: str


_FILL_IN = "replace it with the real value, or render the manifest first"
_RENDER = "render the manifest first"
_COPIED = "get the manifest from its source: this one was copied from where values are hidden"
_THINGS = rb"(?:password|passwd|pass|token|key|secret|username|user|name|id|url|value|credentials?)"

WHOLE = (
    Placeholder(
        "a mask that stands for a value",
        rb"""
          \*{3,}(?:\ \((?:before|after)\))? | x{3,}(?:[-_. ]x+)* | \.{3,} | \+{3,}
        | (?:\xe2\x80\xa2|\xe2\x97\x8f){3,}         # bullets, as in a form
        | [\[(<*]{0,4}(?:redacted|masked)[\])>*]{0,4}
        | [\[(<](?:hidden|filtered|omitted|sensitive|secret|encrypted|protected)[\])>]
        | \((?:sensitive|secret)\ value\) | \(known\ after\ apply\)
        | <--\ value\ not\ shown\ \(\#\d+\)
        | value_specified_in_no_log_parameter
        """,
        _COPIED,
    ),
    Placeholder(
        "a mask that Flux writes in place of an encrypted value",
        rb"\*\*SOPS\*\*",
        "use the output of 'kustomize build' with the decrypted files, not that of 'flux build'",
    ),
    Placeholder(
        "a reference for the webhook of Bank-Vaults",
        rb"(?:>>)?vault:(?!v\d+:)[^\s\#]+\#[^\s]+",
        "give the value itself; where the webhook does replace it, name this lint in the "
        "annotation reconciler/lint-ignore",
    ),
    Placeholder(
        "a variable of Concourse, BOSH or CredHub",
        rb"\(\([a-z_/!][\w./:@-]*\)\)",
        "interpolate the manifest first, for example with 'bosh int'",
    ),
    Placeholder(
        "a variable that nothing has replaced",
        rb"""
          \$\{\{.*\}\} | \$\{[^{}]+\} | \$\([^()]+\) | \$[a-z]+(?:_[a-z0-9]+)+ | \$THINGS
        | \#\{[^{}]+\}\#? | %%?[a-z_]+%%? | %\([a-z_]+\)s | @@?[a-z_]+@@? | __[a-z_]+__ | <%[^%]+%>
        | %\{[^{}]+\} | %env\([^()]+\)% | \$\[{1,2}[^\[\]]+\]{1,2}
        """.replace(b"THINGS", _THINGS),
        "replace it first, for example with envsubst, kustomize or the pipeline that knows it",
    ),
    Placeholder(
        "ciphertext of eyaml, or a handle of another tool",
        rb"ENC\[(?!AES256_GCM,)[^\[\]]*\]",
        "decrypt it first, for example with 'eyaml decrypt'",
    ),
    Placeholder(
        "a reference to Azure Key Vault",
        rb"@Microsoft\.KeyVault\([^()]+\)",
        "give the value itself: only App Service resolves it",
    ),
    Placeholder(
        "a reference of Spinnaker",
        rb"encrypted(?:File)?:[a-z0-9-]+![^\s]+",
        "give the value itself: only Spinnaker resolves it",
    ),
    Placeholder(
        "a reference to a secret manager",
        rb"""
        (?:keeper|berglas|sm|gcpsm|awssm|awsssm|ssm|secretsmanager|akv|azurekeyvault|vault|lpass
          |gopass|pass|bw|bws|bitwarden|doppler|infisical)://[^\s]+
        """,
        "give the value itself; where a program resolves it at run time, name this lint in the "
        "annotation reconciler/lint-ignore",
    ),
    Placeholder(
        "a placeholder that was never filled in",
        rb"""
          <{1,2}[a-z_][\w .:-]*>{1,2}                    # <password>, Go's <no value>
        | \[\[[a-z_ .-]+\]\] | <nil> | %!s\(<nil>\) | \[object\ Object\]
        | [(\[{](?:your|my|insert|enter)\ [a-z][a-z ]*[)\]}]
        | \[?placeholder\]?
        | (?:[a-z]+[-_ ]){0,3}placeholder
        | (?:todo|tbd|fixme)(?:[:\ ].*)?
        | (?:please[-_ ]?)?change[-_ ]?(?:me|it|this)(?:[-_ ][a-z]+)*[-_ ]?[0-9!.]*
        | change[-_ ](?:in|for|before)[-_ ](?:prod|production|deploy|deployment|release|use)
        | (?:please[-_ ]?)?(?:replace|fill|edit)[-_ ]?(?:me|it|this|in)(?:[-_ ][a-z]+)*[!.]*
        | (?:set|update|override)[-_ ]?me[!.]*
        | to[-_ ]be[-_ ](?:added|changed|defined|determined|done|filled|generated|provided
          |replaced|set|supplied|updated)(?:[-_ ][a-z]+)*
        | (?:base64[-_ ])?(?:[a-z]+[-_ ]){0,3}THINGS[-_ ]here
        | base64[-_ ]?encoded(?:[-_ ][a-z]+)*
        | a[ks]ia[0-9a-z]*example | wjalrxutnfemi\S*   # of the manual of AWS
        | (?:please[-_ ])?(?:replace|fill|insert|enter|put|set|add)[-_ ](?:[a-z]+[-_ ]){0,4}
          (?:here|THINGS)
        | your[-_ ]?(?:[a-z0-9]+[-_ ]){0,4}(?:here|THINGS)
        | (?:[a-z]+[-_ ]){0,4}goes[-_ ]here
        """.replace(b"THINGS", _THINGS),
        _FILL_IN,
    ),
)
"""What a value is as a whole; the first row that fits counts."""

OF_CREDENTIALS = (
    Placeholder(
        "a reference to a secret manager",
        rb"arn:aws[a-z-]*:(?:secretsmanager|ssm):\S+ | projects/[^/\s]+/secrets/\S+",
        "give the value itself; where a program resolves it at run time, name this lint in the "
        "annotation reconciler/lint-ignore",
    ),
    Placeholder(
        "a placeholder that was never filled in",
        rb"""
          \{\{.*\}\} | \{[a-z_ .-]+\} | \[?(?:hidden|filtered|omitted)\]? | \d+\ bytes
        | (?:my|some|dummy|example|fake|mock|sample)[-_ ]?(?:secret[-_ ])?
          (?:password|passwd|token|api[-_ ]?key)
        | [a-z0-9]{2,12}(?:[-_][a-z0-9]{1,12}){0,2}[-_]?(?:x{4,}(?:[-_.]x+)*|\*{3,}|\.{3})
        | (?:[a-z0-9]{2,6}-)your(?:-[a-z0-9]+){1,4}   # xoxb-your-token
        """,
        _FILL_IN,
    ),
)
"""What is no password or token, though it may be another value."""

INSIDE = (
    Marked(
        "a reference of Argo CD Vault Plugin",
        b"<path:",
        re.compile(rb"<path:[^<>\n]+>"),
        "generate the manifest first, with 'argocd-vault-plugin generate'",
    ),
    Marked(
        "a reference of vals or helmfile",
        b"ref+",
        re.compile(rb"\b(?:secret)?ref\+[a-z][a-z0-9]*://"),
        "evaluate it first, for example with 'vals eval'",
    ),
    Marked(
        "a reference of 1Password",
        b"op://",
        re.compile(rb"(?<![a-zA-Z])op://[^/\s]"),
        "fill it in first, with 'op inject'",
    ),
    Marked(
        "a reference for the webhook of Bank-Vaults",
        b"vault:",
        re.compile(rb"\$\{(?:>>)?vault:[^{}\s]+\}"),
        "give the value itself; where the webhook does replace it, name this lint in the "
        "annotation reconciler/lint-ignore",
    ),
    Marked(
        "a directive of Helm",
        b"{{",
        re.compile(
            rb"\{\{-?[ \t]{0,9}(?:\(|if |with |range |not |eq )?[ \t]{0,9}"
            rb"(?:\$?\.(?:Values|Release|Chart|Capabilities|Files|Template)\b"
            rb"|(?:include|tpl|required|lookup|toYaml|nindent|b64enc)[ \t])"
        ),
        "render it first, for example with 'helm template'",
    ),
    Marked(
        "a dynamic reference of CloudFormation",
        b"{{resolve:",
        re.compile(rb"\{\{resolve:[^{}\n]+\}\}"),
        "give the value itself: only CloudFormation resolves it",
    ),
    Marked(
        "a directive of ytt", b"(@", re.compile(rb"\(@=[^@\n]+@\)"), "render it first, with 'ytt'"
    ),
    Marked(
        "a reference of Kapitan",
        b"?{",
        re.compile(rb"\?\{[a-z0-9]+:[^{}\n]+\}"),
        "reveal it first, with 'kapitan refs --reveal'",
    ),
)
"""What may stand anywhere in a value."""

ENCRYPTED = (
    Encrypted("a file of git-crypt", b"\x00GITCRYPT\x00", "run 'git-crypt unlock' first"),
    Encrypted("a file of Ansible Vault", b"$ANSIBLE_VAULT;", "run 'ansible-vault decrypt' first"),
    Encrypted("a file of age", b"age-encryption.org/v1", "decrypt it first, with 'age -d'"),
    Encrypted(
        "a file of age", b"-----BEGIN AGE ENCRYPTED FILE-----", "decrypt it first, with 'age -d'"
    ),
    Encrypted("a message of PGP", b"-----BEGIN PGP MESSAGE-----", "decrypt it, with 'gpg -d'"),
    Encrypted(
        "a file of Strongbox", b"# STRONGBOX ENCRYPTED RESOURCE", "run 'strongbox -decrypt' first"
    ),
    Encrypted("a pointer of Git LFS", b"version https://git-lfs.", "run 'git lfs pull' first"),
    Encrypted("a file of transcrypt or OpenSSL", b"U2FsdGVkX1", "run 'transcrypt' first"),
    Encrypted("a file of OpenSSL", b"Salted__", "decrypt it first, with 'openssl enc -d'"),
)
"""What a value begins with that is encrypted, or only points to a file."""

_STARTS = tuple(row.start for row in ENCRYPTED)
_SOPS = b"ENC[AES256_GCM,"
_SOPS_VALUE = re.compile(rb"ENC\[AES256_GCM,data:[^\],\s]*,iv:")
_FLAGS = re.IGNORECASE | re.VERBOSE | re.DOTALL
_WHOLE = re.compile(b"|".join(b"(" + row.pattern + b")" for row in WHOLE), _FLAGS)
_OF_CREDENTIALS = re.compile(b"|".join(b"(" + row.pattern + b")" for row in OF_CREDENTIALS), _FLAGS)
# The tests that rule out most values: what fits `WHOLE` begins with one of these, or ends so.
_SYMBOLS = frozenset(b"<$%*{@#_.([>+?\xe2")
_LETTERS = frozenset(
    b"ad ak as aw az ba be bi bw ch do ed en fi gc go in ke lp ma ov pa pl pu re se sm ss tb to up"
    b" va wj xx yo".split()
)
_ENDS = (b"placeholder", b"here")
# What fits `OF_CREDENTIALS` begins with one of these, or ends so.
_SIGNS_OF_CREDENTIALS = frozenset(b"{[0123456789")
_LETTERS_OF_CREDENTIALS = frozenset(b"ar du ex fa fi hi mo my om pr sa so".split())
_ENDS_OF_CREDENTIALS = (b"xxx", b"***", b"...", b".x", b"-x", b"_x")
_INSIDE_CREDENTIALS = b"-your-"
_MARKERS = re.compile(
    b"|".join(re.escape(mark) for mark in (_SOPS, *(row.marker for row in INSIDE)))
)
_COLON, _BRACE, _PARENTHESIS, _BRACKET = b":{(["
_NAMES_OF_VALUES = {
    *(b"password", b"passwd", b"pass", b"passphrase", b"secret", b"token", b"apikey"),
    *(b"secretkey", b"accesskey", b"accesstoken", b"clientsecret", b"mypassword", b"undefined"),
    *(b"dummy", b"fake", b"null", b"none", b"nil", b"n/a", b"unset", b"notset", b"empty"),
}


def placeholder_warning(key: str, content: bytes, bare: bytes) -> Violation | None:
    """A warning of a value that stands for another one; `bare` is it without white space."""
    # What fits a row of `INSIDE` has one of these, which are found faster than a marker: as
    # numbers, ten times faster than as bytes.
    special = (
        _COLON in content or _BRACE in content or _PARENTHESIS in content or _BRACKET in content
    )
    if special and _MARKERS.search(content):
        warning = _marked(key, content, bare)
        if warning is not None:
            return warning
    if len(bare) <= _LONGEST:
        low = bare.lower()
        row = _whole(bare, low)
        if row is None and names.is_credential(key):
            row = _of_credentials(bare, low)
        if row is not None:
            return _warning(key, f"the value is {row.what}", row.hint)
    if content.startswith(_STARTS):
        file = next(row for row in ENCRYPTED if content.startswith(row.start))
        return _warning(key, f"the value is {file.what}", file.hint, "value-encrypted")
    if len(content) % 3 == 0 and (row := _unencoded(key, content)):
        return _warning(key, f"data holds {row.what}, and not base64 of a value", row.hint)
    return None


def _marked(key: str, content: bytes, bare: bytes) -> Violation | None:
    """A warning of what stands in a value, or an error if SOPS has encrypted it."""
    for row in () if names.is_template(key) else INSIDE:
        if row.marker in content and row.pattern.search(content):
            return _warning(key, f"the value holds {row.what}", row.hint)
    if _SOPS in content and (bare.startswith(_SOPS) or _SOPS_VALUE.search(content)):
        return _sops(key)
    return None


def _whole(bare: bytes, low: bytes) -> Placeholder | None:
    """The row of what stands for another value; `low` is `bare` in lower case."""
    if (low[:2] in _LETTERS or (low and low[0] in _SYMBOLS) or low.endswith(_ENDS)) and (
        match := _WHOLE.fullmatch(bare)
    ):
        return WHOLE[(match.lastindex or 1) - 1]
    return None


def _of_credentials(bare: bytes, low: bytes) -> Placeholder | None:
    """The row of what is no password or token; `low` is `bare` in lower case."""
    if low.translate(None, b"-_ ") in _NAMES_OF_VALUES:
        return OF_CREDENTIALS[-1]
    if (
        low[:2] in _LETTERS_OF_CREDENTIALS
        or (low and low[0] in _SIGNS_OF_CREDENTIALS)
        or low.endswith(_ENDS_OF_CREDENTIALS)
        or _INSIDE_CREDENTIALS in low
    ) and (match := _OF_CREDENTIALS.fullmatch(bare)):
        return OF_CREDENTIALS[(match.lastindex or 1) - 1]
    return None


def _unencoded(key: str, content: bytes) -> Placeholder | None:
    """The row of what data holds as it is: ``password: changeme`` is base64, if of nothing."""
    if len(content) > _LONGEST_UNENCODED or not _NOT_TEXT.search(content):
        return None
    written = binascii.b2a_base64(content, newline=False)
    low = written.lower()
    if row := _whole(written, low):
        return row
    return _of_credentials(written, low) if names.is_credential(key) else None


def _sops(key: str) -> Violation:
    return Violation(
        ("data", key),
        "sops-encrypted",
        "the value is encrypted with SOPS",
        "decrypt what it comes from first, with 'sops -d'",
    )


def _warning(key: str, message: str, hint: str, code: str = "value-placeholder") -> Violation:
    return Violation(("data", key), code, message, hint, Severity.WARNING)
