"""The process that graphc is a guest in: forks, and imports that signals interrupt."""
