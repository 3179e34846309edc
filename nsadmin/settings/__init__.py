"""Django settings; `nsadmin.checks` verifies them.

`environment` reads what an operator gives. The other modules derive from it what
Django, allauth, Celery and structlog ask for, each for one subject.
"""

from nsadmin.settings.accounts import *
from nsadmin.settings.base import *
from nsadmin.settings.environment import *
from nsadmin.settings.installed import *
from nsadmin.settings.limits import *
from nsadmin.settings.logs import *
from nsadmin.settings.mail import *
from nsadmin.settings.schedules import *
from nsadmin.settings.security import *
from nsadmin.settings.stores import *
from nsadmin.settings.templates import *
from nsadmin.settings.workers import *
