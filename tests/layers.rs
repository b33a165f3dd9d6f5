//! Arrows in core point down: no module imports from a layer above its own.
