/* The handlers of greeter.v1.GreeterService. */
#ifndef GREETER_SERVICE_H
#define GREETER_SERVICE_H

#include "greeter/v1/greeter.grpc-c.h"

extern const struct greeter_greeter_service_handlers greeter_service;

#endif
