mkdir real keep; echo R > real/f; ln -s real/f ln; ln -s real/f sf; ln -s real sd; ln -s real dl; ln -s ../real/f keep/in; ln -s /real/f abs
