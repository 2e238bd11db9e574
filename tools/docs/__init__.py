"""The documentation as a site of static pages, made of the repository's own Markdown files."""
