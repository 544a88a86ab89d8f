"""Every public name of numfmt.torch that is used here: the only import of it in this package."""

from numfmt.torch import at_step, emulate

__all__ = ["at_step", "emulate"]
