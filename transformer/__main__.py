"""`python -m transformer`"""

import sys

from transformer.server import main

sys.exit(main())
