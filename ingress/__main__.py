"""`python -m ingress`."""

import gc
import sys

gc.disable()  # until it serves: see transport.program.enable_garbage_collection

from ingress.server import main  # noqa: E402

sys.exit(main())
