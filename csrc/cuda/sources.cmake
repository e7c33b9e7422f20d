# What motes._cuda is made of; also for tests/cuda/standin, which compiles it for the host.
file(GLOB cuda_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cu ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
list(APPEND cuda_sources ${CMAKE_CURRENT_LIST_DIR}/../dispatch/status.cpp
                         ${CMAKE_CURRENT_LIST_DIR}/../dispatch/validate.cpp
                         ${CMAKE_CURRENT_LIST_DIR}/../dispatch/validate_circles.cpp
                         ${CMAKE_CURRENT_LIST_DIR}/../dispatch/validate_ingest.cpp
                         ${CMAKE_CURRENT_LIST_DIR}/../dispatch/validate_outer.cpp)
file(GLOB cuda_abi_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/abi/*.cpp)
file(GLOB cuda_binding_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/bindings/*.cpp)
list(APPEND cuda_binding_sources ${CMAKE_CURRENT_LIST_DIR}/../bindings/wall.cpp)
