"""The mutants fit the code of today, though trying them all takes too long for every run."""

from __future__ import annotations

from tests.mutation.check import ROOT, misfits
from tests.mutation.mutants import MUTANTS


def test_every_mutant_breaks_a_line_that_is_there() -> None:
    assert misfits() == []


def test_every_mutant_is_tried_by_tests_that_exist() -> None:
    assert [path for mutant in MUTANTS for path in mutant.tests if not (ROOT / path).exists()] == []
