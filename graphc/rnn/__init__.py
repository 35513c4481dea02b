"""Recurrent networks: cells, what wraps them, and the loops that run them; users find them under `tf.nn` and `tf.contrib`."""
