//! The one loop that drives every validator: judge, fetch what is needed, judge again. (owner: validators)
