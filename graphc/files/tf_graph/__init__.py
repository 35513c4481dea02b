"""TensorFlow's own graphs: their messages, the table of its operators and graphc's, and graphs made of them; nothing read is executed."""
