"""The engine of `tf.keras`: layers and their calls, models of them, and how models are trained, evaluated and asked."""
