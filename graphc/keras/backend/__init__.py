"""`tf.keras.backend`: the functions that Keras has for tensors, and what it keeps: session, learning phase, default dtype."""
