"""`python -m predictors`"""

from contract.program import leave
from predictors.server import main

leave(main())
