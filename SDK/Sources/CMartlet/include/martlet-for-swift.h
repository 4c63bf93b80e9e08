/*
 * martlet-for-swift.h - martlet.h as Swift imports it: each struct that can grow is named after the version, such as
 * martlet_option_1_0, and the plain name is an alias.
 *
 * The Swift runtime treats C structs of the same name as one type, even if they come from two images, and uses the
 * size of the first one that it met for both. Without the versioned names, a host and a plugin in Swift that were built
 * against two versions would copy each other's arrays with the wrong stride.
 */
#ifndef MARTLET_FOR_SWIFT_H
#define MARTLET_FOR_SWIFT_H

#include "martlet/abi.h"

#define MARTLET_JOINED(name, major, minor) name##_##major##_##minor
#define MARTLET_JOIN(name, major, minor) MARTLET_JOINED(name, major, minor)
#define MARTLET_OF_THIS_VERSION(name) MARTLET_JOIN(name, MARTLET_ABI_MAJOR, MARTLET_ABI_MINOR)

#define martlet_address MARTLET_OF_THIS_VERSION(martlet_address)
#define martlet_answer MARTLET_OF_THIS_VERSION(martlet_answer)
#define martlet_authentication_answer MARTLET_OF_THIS_VERSION(martlet_authentication_answer)
#define martlet_checkpoints MARTLET_OF_THIS_VERSION(martlet_checkpoints)
#define martlet_database_call MARTLET_OF_THIS_VERSION(martlet_database_call)
#define martlet_databases MARTLET_OF_THIS_VERSION(martlet_databases)
#define martlet_env MARTLET_OF_THIS_VERSION(martlet_env)
#define martlet_extension MARTLET_OF_THIS_VERSION(martlet_extension)
#define martlet_groups MARTLET_OF_THIS_VERSION(martlet_groups)
#define martlet_host MARTLET_OF_THIS_VERSION(martlet_host)
#define martlet_host_info MARTLET_OF_THIS_VERSION(martlet_host_info)
#define martlet_instance_state MARTLET_OF_THIS_VERSION(martlet_instance_state)
#define martlet_loops MARTLET_OF_THIS_VERSION(martlet_loops)
#define martlet_membership MARTLET_OF_THIS_VERSION(martlet_membership)
#define martlet_metric_description MARTLET_OF_THIS_VERSION(martlet_metric_description)
#define martlet_metrics MARTLET_OF_THIS_VERSION(martlet_metrics)
#define martlet_opening MARTLET_OF_THIS_VERSION(martlet_opening)
#define martlet_operation MARTLET_OF_THIS_VERSION(martlet_operation)
#define martlet_operations MARTLET_OF_THIS_VERSION(martlet_operations)
#define martlet_option MARTLET_OF_THIS_VERSION(martlet_option)
#define martlet_plugin MARTLET_OF_THIS_VERSION(martlet_plugin)
#define martlet_request MARTLET_OF_THIS_VERSION(martlet_request)
#define martlet_session_state MARTLET_OF_THIS_VERSION(martlet_session_state)
#define martlet_transport MARTLET_OF_THIS_VERSION(martlet_transport)
#define martlet_user MARTLET_OF_THIS_VERSION(martlet_user)
#define martlet_users MARTLET_OF_THIS_VERSION(martlet_users)
#define martlet_value MARTLET_OF_THIS_VERSION(martlet_value)
#define martlet_simulated_log MARTLET_OF_THIS_VERSION(martlet_simulated_log)
#define martlet_simulated_request MARTLET_OF_THIS_VERSION(martlet_simulated_request)
#define martlet_simulated_state MARTLET_OF_THIS_VERSION(martlet_simulated_state)
#define martlet_simulation MARTLET_OF_THIS_VERSION(martlet_simulation)
#define martlet_simulation_arrival MARTLET_OF_THIS_VERSION(martlet_simulation_arrival)
#define martlet_simulation_error MARTLET_OF_THIS_VERSION(martlet_simulation_error)
#define martlet_simulation_settings MARTLET_OF_THIS_VERSION(martlet_simulation_settings)

#include "martlet.h"
#include "martlet_simulation.h"

#undef martlet_address
#undef martlet_answer
#undef martlet_authentication_answer
#undef martlet_checkpoints
#undef martlet_database_call
#undef martlet_databases
#undef martlet_env
#undef martlet_extension
#undef martlet_groups
#undef martlet_host
#undef martlet_host_info
#undef martlet_instance_state
#undef martlet_loops
#undef martlet_membership
#undef martlet_metric_description
#undef martlet_metrics
#undef martlet_opening
#undef martlet_operation
#undef martlet_operations
#undef martlet_option
#undef martlet_plugin
#undef martlet_request
#undef martlet_session_state
#undef martlet_transport
#undef martlet_user
#undef martlet_users
#undef martlet_value
#undef martlet_simulated_log
#undef martlet_simulated_request
#undef martlet_simulated_state
#undef martlet_simulation
#undef martlet_simulation_arrival
#undef martlet_simulation_error
#undef martlet_simulation_settings

typedef MARTLET_OF_THIS_VERSION(martlet_address) martlet_address;
typedef MARTLET_OF_THIS_VERSION(martlet_answer) martlet_answer;
typedef MARTLET_OF_THIS_VERSION(martlet_authentication_answer) martlet_authentication_answer;
typedef MARTLET_OF_THIS_VERSION(martlet_checkpoints) martlet_checkpoints;
typedef MARTLET_OF_THIS_VERSION(martlet_database_call) martlet_database_call;
typedef MARTLET_OF_THIS_VERSION(martlet_databases) martlet_databases;
typedef MARTLET_OF_THIS_VERSION(martlet_env) martlet_env;
typedef MARTLET_OF_THIS_VERSION(martlet_extension) martlet_extension;
typedef MARTLET_OF_THIS_VERSION(martlet_groups) martlet_groups;
typedef MARTLET_OF_THIS_VERSION(martlet_host) martlet_host;
typedef MARTLET_OF_THIS_VERSION(martlet_host_info) martlet_host_info;
typedef MARTLET_OF_THIS_VERSION(martlet_instance_state) martlet_instance_state;
typedef MARTLET_OF_THIS_VERSION(martlet_loops) martlet_loops;
typedef MARTLET_OF_THIS_VERSION(martlet_membership) martlet_membership;
typedef MARTLET_OF_THIS_VERSION(martlet_metric_description) martlet_metric_description;
typedef MARTLET_OF_THIS_VERSION(martlet_metrics) martlet_metrics;
typedef MARTLET_OF_THIS_VERSION(martlet_opening) martlet_opening;
typedef MARTLET_OF_THIS_VERSION(martlet_operation) martlet_operation;
typedef MARTLET_OF_THIS_VERSION(martlet_operations) martlet_operations;
typedef MARTLET_OF_THIS_VERSION(martlet_option) martlet_option;
typedef MARTLET_OF_THIS_VERSION(martlet_plugin) martlet_plugin;
typedef MARTLET_OF_THIS_VERSION(martlet_request) martlet_request;
typedef MARTLET_OF_THIS_VERSION(martlet_session_state) martlet_session_state;
typedef MARTLET_OF_THIS_VERSION(martlet_transport) martlet_transport;
typedef MARTLET_OF_THIS_VERSION(martlet_user) martlet_user;
typedef MARTLET_OF_THIS_VERSION(martlet_users) martlet_users;
typedef MARTLET_OF_THIS_VERSION(martlet_value) martlet_value;
typedef MARTLET_OF_THIS_VERSION(martlet_simulated_log) martlet_simulated_log;
typedef MARTLET_OF_THIS_VERSION(martlet_simulated_request) martlet_simulated_request;
typedef MARTLET_OF_THIS_VERSION(martlet_simulated_state) martlet_simulated_state;
typedef MARTLET_OF_THIS_VERSION(martlet_simulation) martlet_simulation;
typedef MARTLET_OF_THIS_VERSION(martlet_simulation_arrival) martlet_simulation_arrival;
typedef MARTLET_OF_THIS_VERSION(martlet_simulation_error) martlet_simulation_error;
typedef MARTLET_OF_THIS_VERSION(martlet_simulation_settings) martlet_simulation_settings;

#endif
