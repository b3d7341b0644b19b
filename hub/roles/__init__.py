"""The role config: from the YAML files of a folder to one checked value with a digest."""

from hub.roles.loading import Loaded, check_folder, default_folder, load, read

__all__ = ["Loaded", "check_folder", "default_folder", "load", "read"]
