"""The bill of materials of an image: a CycloneDX 1.6 document of its packages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import unquote
from uuid import NAMESPACE_URL, uuid5

from archive import EPOCH
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL


def bill(name: str, debian: Iterable[Sequence[str]], site: Path) -> str:
    """List the packages of Debian, as names and versions, and those of Python below `site`.

    The document bears the time of all entries of an image, and a number made from what it lists,
    so that it is reproducible.
    """
    components = [
        _component(PackageURL("deb", "debian", package, unquote(version)))
        for package, version in debian
    ]
    components += [
        _component(PackageURL("pypi", None, found.metadata["Name"], found.version))
        for found in distributions(path=[str(site)])
    ]
    document = Bom(components=sorted(components))
    document.metadata.timestamp = datetime.fromtimestamp(EPOCH, UTC)
    document.metadata.component = Component(type=ComponentType.CONTAINER, name=name, bom_ref=name)
    document.register_dependency(document.metadata.component, document.components)
    listed = " ".join(str(component.purl) for component in document.components)
    document.serial_number = uuid5(NAMESPACE_URL, listed)
    return JsonV1Dot6(document).output_as_string(indent=2)


def _component(address: PackageURL) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=address.name,
        version=address.version,
        purl=address,
        bom_ref=str(address),
    )
