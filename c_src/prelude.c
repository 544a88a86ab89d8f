#include "numfmt.h"
