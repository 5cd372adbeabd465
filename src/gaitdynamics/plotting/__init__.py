"""Pictures of motions and forces, drawn on Figure objects without any global plotting state."""
