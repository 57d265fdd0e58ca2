"""Read by every Python process that finds this folder in its path: plants the bug that the environment names.

For the fault run alone, which has to go red with each of them. A bug that cannot be planted ends the process.
"""

import os
import sys
import traceback

if bug := os.environ.get("FAULT_RUN_BUG"):
    try:
        import bugs

        bugs.plant(bug)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(3)
