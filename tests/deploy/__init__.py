"""What the services run under: as much of systemd's confinement as there is without systemd."""
