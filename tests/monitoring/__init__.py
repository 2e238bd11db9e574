"""What watches the desk: rules, dashboards and runbooks against each other, and against the pages
that a running trader serves."""
