"""`python -m transformer`"""

import gc
import sys

gc.disable()  # until it serves: see transport.program.enable_garbage_collection

from transformer.server import main  # noqa: E402

sys.exit(main())
