"""Pages of job roles: which qualifications go with them, and who holds them (CAT-10, ASG-12)."""

from services.portal.api.admin.job_roles import forms, holders, job_roles

ROUTERS = (job_roles.router, forms.router, holders.router)
"""Those with a word in the place of an id go first."""
