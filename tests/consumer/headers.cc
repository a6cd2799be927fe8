// The generated header, and with it those of the runtime, as C++ reads them.
#include "greeter/v1/greeter.grpc-c.h"

#include "rpc/health.h"
#include "rpc/reflection.h"

int main() {
    greeter_hello_request request = GREETER_HELLO_REQUEST_INIT;
    return request.name == nullptr ? 1 : 0;
}
