"""What a release is made of, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

_SERIALS: Final = uuid.UUID("7b0e0b3a-3f61-4c0e-9d43-5f6a0a6d8c11")


@dataclass(frozen=True, slots=True)
class Package:
    """A wheel."""

    name: str
    version: str
    license: str | None
    """SPDX expression, where the package gives one."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Crate:
    """A crate that is compiled in; the checksum is of its source."""

    name: str
    version: str
    sha256: str


def parts_list(
    version: str, commit: str, packages: Iterable[Package], crates: Iterable[Crate]
) -> str:
    """The list of parts of this version as JSON. It tells nothing of when or where it was made."""
    product = Component(
        name="hotloop",
        version=version,
        type=ComponentType.APPLICATION,
        licenses=[LicenseExpression("MIT")],
        bom_ref="hotloop",
        properties=[Property(name="commit", value=commit)],
    )
    parts = [
        *(_part("pypi", one.name, one.version, one.sha256, one.license) for one in packages),
        *(_part("cargo", one.name, one.version, one.sha256, None) for one in crates),
    ]
    bom = Bom(serial_number=uuid.uuid5(_SERIALS, f"{version} {commit}"), components=parts)
    bom.metadata.component = product
    bom.register_dependency(product, parts)
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["metadata"]["timestamp"]
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _part(kind: str, name: str, version: str, sha256: str, spdx: str | None) -> Component:
    address = PackageURL(kind, None, name, version)
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        purl=address,
        bom_ref=address.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)],
        licenses=[LicenseExpression(spdx)] if spdx else [],
    )
