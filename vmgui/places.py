"""Where vmgui keeps things: the freedesktop places and the data that ships with it.

Every function reads the environment when it is called, so a test can move a place by
setting ``XDG_CONFIG_HOME`` and its kin.
"""

import warnings
from pathlib import Path

import platformdirs

_APP = "vmgui"


def config_dir() -> Path:
    """Return the folder of settings and saved connections."""
    return platformdirs.user_config_path(_APP)


def state_dir() -> Path:
    """Return the folder of the journal and the figures' history."""
    return platformdirs.user_state_path(_APP)


def cache_dir() -> Path:
    """Return the folder of what can be fetched or made again."""
    return platformdirs.user_cache_path(_APP)


def runtime_dir() -> Path:
    """Return the folder of sockets, which need a short path; gone after a reboot."""
    with warnings.catch_warnings():
        # Without a login session there is no such folder; a temporary one does.
        warnings.simplefilter("ignore")
        return platformdirs.user_runtime_path(_APP)


def resources_dir() -> Path:
    """Return the folder of icons, fonts and texts, in a checkout or in an installed package."""
    package = Path(__file__).parent
    installed = package / "resources"
    return installed if installed.is_dir() else package.parent / "resources"
