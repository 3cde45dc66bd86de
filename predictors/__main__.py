"""`python -m predictors`"""

import sys

from predictors.server import main

sys.exit(main())
