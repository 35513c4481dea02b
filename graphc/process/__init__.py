"""The process that graphc is a guest in: its cores, forks, and imports that signals interrupt."""
