"""`python -m predictors`"""

from predictors.server import main
from transport.program import leave

leave(main())
