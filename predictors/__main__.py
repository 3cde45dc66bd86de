"""`python -m predictors`"""

import gc

gc.disable()  # until it serves: see transport.program.enable_garbage_collection

from predictors.server import main  # noqa: E402
from transport.program import leave  # noqa: E402

leave(main())
