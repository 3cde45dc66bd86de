"""`python -m predictors`"""

import gc

gc.disable()  # until it serves: see transport.program.collect_garbage

from predictors.server import main  # noqa: E402
from transport.program import leave  # noqa: E402

leave(main())
