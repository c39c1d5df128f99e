"""From whatever names a recipe to a checked one: `load`. Imports neither torch nor numpy."""

from smartgen.recipe.load import load
from smartgen.recipe.recipe import Recipe

__all__ = ["Recipe", "load"]
