"""Acquisitions: ways of choosing the next measurements."""

from mfgp.optimization.acquisition.entropy import Entropy
from mfgp.optimization.acquisition.expected_gain import ExpectedGain
from mfgp.optimization.acquisition.hypervolume import Hypervolume
from mfgp.optimization.acquisition.improvement import Improvement
from mfgp.optimization.acquisition.knowledge_gradient import KnowledgeGradient
from mfgp.optimization.acquisition.uniform import Uniform

__all__ = ["Entropy", "ExpectedGain", "Hypervolume", "Improvement", "KnowledgeGradient", "Uniform"]
