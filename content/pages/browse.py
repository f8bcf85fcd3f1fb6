"""The page of the library."""

from content import default_catalog
from content.pages.library import show_library

show_library(default_catalog())
