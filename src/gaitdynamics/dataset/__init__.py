"""Whole studies on disk: which trials there are, of whom, and on which side of the split."""

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.records import TrialRecord

__all__ = ["Catalogue", "TrialRecord"]
