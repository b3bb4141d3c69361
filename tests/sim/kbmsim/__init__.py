# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulated server, for programs that run something on it."""
