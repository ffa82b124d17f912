#!/bin/sh
# After installing and after removing: desktops learn of the link handler and
# the icon. Where these programs are missing nothing needs them.
set -e
for c in "update-desktop-database -q /usr/share/applications" "gtk-update-icon-cache -q -t -f /usr/share/icons/hicolor"; do
	if command -v "${c%% *}" >/dev/null 2>&1; then $c || true; fi
done
