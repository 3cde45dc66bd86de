"""`python -m ingress`."""

import sys

from ingress.server import main

sys.exit(main())
