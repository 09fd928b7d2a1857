mkdir t; ln -s x t/d
