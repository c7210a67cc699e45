/*
 * A PJRT plugin that computes nothing but +1: every result is the argument of its place, of float32, plus one. It checks
 * how it is called and counts what is alive. Layouts are those of OpenXLA's xla/pjrt/c/pjrt_c_api.h, version 0.90,
 * and the C compiler, not avme, says how large they are.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD size_t struct_size; void *extension_start
#define EXPORT __attribute__((visibility("default")))

typedef struct { HEAD; int major, minor; } Version;
typedef struct {
  HEAD;
  Version version;
  void *Error_Destroy, *Error_Message, *Error_GetCode, *Plugin_Initialize, *Plugin_Attributes,
      *Event_Destroy, *Event_IsReady, *Event_Error, *Event_Await, *Event_OnReady, *Client_Create,
      *Client_Destroy, *Client_PlatformName, *Client_ProcessIndex, *Client_PlatformVersion,
      *Client_Devices, *Client_AddressableDevices, *Client_LookupDevice,
      *Client_LookupAddressableDevice, *Client_AddressableMemories, *Client_Compile,
      *Client_DefaultDeviceAssignment, *Client_BufferFromHostBuffer, *DeviceDescription_Id,
      *DeviceDescription_ProcessIndex, *DeviceDescription_Attributes, *DeviceDescription_Kind,
      *DeviceDescription_DebugString, *DeviceDescription_ToString, *Device_GetDescription,
      *Device_IsAddressable, *Device_LocalHardwareId, *Device_AddressableMemories,
      *Device_DefaultMemory, *Device_MemoryStats, *Memory_Id, *Memory_Kind, *Memory_DebugString,
      *Memory_ToString, *Memory_AddressableByDevices, *Executable_Destroy, *Executable_Name,
      *Executable_NumReplicas, *Executable_NumPartitions, *Executable_NumOutputs,
      *Executable_SizeOfGeneratedCodeInBytes, *Executable_GetCostAnalysis,
      *Executable_OutputMemoryKinds, *Executable_OptimizedProgram, *Executable_Serialize,
      *LoadedExecutable_Destroy, *LoadedExecutable_GetExecutable,
      *LoadedExecutable_AddressableDevices, *LoadedExecutable_Delete, *LoadedExecutable_IsDeleted,
      *LoadedExecutable_Execute, *Executable_DeserializeAndLoad, *LoadedExecutable_Fingerprint,
      *Buffer_Destroy, *Buffer_ElementType, *Buffer_Dimensions, *Buffer_UnpaddedDimensions,
      *Buffer_DynamicDimensionIndices, *Buffer_GetMemoryLayout, *Buffer_OnDeviceSizeInBytes,
      *Buffer_Device, *Buffer_Memory, *Buffer_Delete, *Buffer_IsDeleted, *Buffer_CopyToDevice,
      *Buffer_ToHostBuffer;
} Api;

typedef struct { HEAD; void *error; } Error_Destroy_Args;
typedef struct { HEAD; void *error; const char *message; size_t message_size; } Error_Message_Args;
typedef struct { HEAD; void *error; int code; } Error_GetCode_Args;
typedef struct { HEAD; } Plugin_Initialize_Args;
typedef struct { HEAD; void *event; } Event_Args;
typedef struct { HEAD; const char *name; size_t name_size; int type;
  union { const char *text; int64_t whole; float number; bool flag; }; size_t value_size; } NamedValue;
typedef struct { HEAD; NamedValue *create_options; size_t num_options;
  void *get, *get_arg, *put, *put_arg, *client, *try_get, *try_get_arg; } Client_Create_Args;
typedef struct { HEAD; void *client; } Client_Destroy_Args;
typedef struct { HEAD; void *object; const char *text; size_t text_size; } Text_Args;
typedef struct { HEAD; void *client; void **devices; size_t num_devices; } Client_AddressableDevices_Args;
typedef struct { HEAD; void *device; void *description; } Device_GetDescription_Args;
typedef struct { int64_t value; bool is_set; } Stat;
typedef struct { HEAD; void *device; int64_t bytes_in_use; Stat peak_bytes_in_use, num_allocs, largest_alloc_size,
  bytes_limit, bytes_reserved, peak_bytes_reserved, bytes_reservable_limit, largest_free_block_bytes, pool_bytes,
  peak_pool_bytes; } Device_MemoryStats_Args;
typedef struct { HEAD; char *code; size_t code_size; const char *format; size_t format_size; } Program;
typedef struct { HEAD; void *client; const Program *program; const char *options; size_t options_size;
  void *executable; } Client_Compile_Args;
typedef struct { HEAD; void *client; const void *data; int type; const int64_t *dims; size_t num_dims;
  const int64_t *strides; size_t num_strides; int semantics; void *device, *memory, *layout, *event, *buffer;
} Client_BufferFromHostBuffer_Args;
typedef struct { HEAD; void **send, **recv; size_t num_send, num_recv; int launch_id; const int64_t *kept;
  size_t num_kept; void *context; const char *location; size_t num_tasks; int *task_ids; int64_t *incarnations;
} ExecuteOptions;
typedef struct { HEAD; void *executable; ExecuteOptions *options; void ***argument_lists; size_t num_devices, num_args;
  void ***output_lists; void **events; void *device; } LoadedExecutable_Execute_Args;
typedef struct { HEAD; void *object; } Object_Args;
typedef struct { HEAD; void *src, *layout, *dst; size_t dst_size; void *event; } Buffer_ToHostBuffer_Args;

/* What is alive, and how the test has this plugin behave. */
enum { ERRORS, EVENTS, CLIENTS, BUFFERS, EXECUTABLES, KINDS };
static int64_t alive[KINDS];
static int donations;
static char failing[64], saying[256], options_seen[256];
static int failing_code;

typedef struct { int code; char message[256]; } Error;
typedef struct { size_t size; float *values; bool gone; } Buffer;
typedef struct { int64_t donated[16]; } Executable;

EXPORT int64_t stub_alive(int kind) { return alive[kind]; }
EXPORT int stub_donations(void) { return donations; }
EXPORT const char *stub_options(void) { return options_seen; }
EXPORT void stub_fail(const char *function, int code, const char *message) {
  snprintf(failing, sizeof failing, "%s", function);
  snprintf(saying, sizeof saying, "%s", message);
  failing_code = code;
}

static void *fail(int code, const char *message) {
  Error *error = malloc(sizeof *error);
  error->code = code;
  snprintf(error->message, sizeof error->message, "%s", message);
  alive[ERRORS]++;
  return error;
}

/* Refuses a struct that is too short, and fails where the test wants it to. */
#define ENTER(function, type) \
  do { \
    if (args->struct_size < sizeof(type)) return fail(3, "Unexpected " function "_Args size"); \
    if (strcmp(failing, function) == 0) { failing[0] = 0; return fail(failing_code, saying); } \
  } while (0)

static void *Error_Destroy(Error_Destroy_Args *args) { free(args->error); alive[ERRORS]--; return NULL; }
static void *Error_Message(Error_Message_Args *args) {
  args->message = ((Error *)args->error)->message;
  args->message_size = strlen(args->message);
  return NULL;
}
static void *Error_GetCode(Error_GetCode_Args *args) { args->code = ((Error *)args->error)->code; return NULL; }
static void *Plugin_Initialize(Plugin_Initialize_Args *args) {
  ENTER("Plugin_Initialize", Plugin_Initialize_Args);
  return NULL;
}
static void *new_event(void) { alive[EVENTS]++; return malloc(1); }
static void *Event_Destroy(Event_Args *args) { free(args->event); alive[EVENTS]--; return NULL; }
static void *Event_Await(Event_Args *args) { ENTER("Event_Await", Event_Args); return NULL; }

static int device;
static void *devices[] = { &device };

static void *Client_Create(Client_Create_Args *args) {
  ENTER("Client_Create", Client_Create_Args);
  options_seen[0] = 0;
  for (size_t i = 0; i < args->num_options; i++) {
    NamedValue *one = &args->create_options[i];
    char text[64];
    if (one->type == 0) snprintf(text, sizeof text, "%.*s", (int)one->value_size, one->text);
    else if (one->type == 1) snprintf(text, sizeof text, "%lld", (long long)one->whole);
    else if (one->type == 3) snprintf(text, sizeof text, "%g", one->number);
    else snprintf(text, sizeof text, "%s", one->flag ? "true" : "false");
    size_t at = strlen(options_seen);
    snprintf(options_seen + at, sizeof options_seen - at, "%.*s=%s;", (int)one->name_size, one->name, text);
  }
  args->client = malloc(1);
  alive[CLIENTS]++;
  return NULL;
}
static void *Client_Destroy(Client_Destroy_Args *args) { free(args->client); alive[CLIENTS]--; return NULL; }
static void *text_of(Text_Args *args, const char *text) {
  args->text = text;
  args->text_size = strlen(text);
  return NULL;
}
static void *Client_PlatformName(Text_Args *args) { ENTER("Client_PlatformName", Text_Args); return text_of(args, "stub"); }
static void *Client_PlatformVersion(Text_Args *args) { return text_of(args, "one more"); }
static void *DeviceDescription_Kind(Text_Args *args) { return text_of(args, "Adder 1"); }
static void *Client_AddressableDevices(Client_AddressableDevices_Args *args) {
  args->devices = devices;
  args->num_devices = strcmp(failing, "no device") == 0 ? (failing[0] = 0, 0) : 1;
  return NULL;
}
static void *Device_GetDescription(Device_GetDescription_Args *args) { args->description = args->device; return NULL; }
static void *Device_MemoryStats(Device_MemoryStats_Args *args) {
  ENTER("Device_MemoryStats", Device_MemoryStats_Args);
  args->bytes_in_use = 1000;
  args->peak_bytes_in_use = (Stat){ 2000, true };
  args->bytes_limit = (Stat){ 0, false };
  return NULL;
}

/* Donated arguments by their places: "%3: tensor<2xf32> {tf.aliasing_output = 1 : i32}". */
static void *Client_Compile(Client_Compile_Args *args) {
  ENTER("Client_Compile", Client_Compile_Args);
  const Program *program = args->program;
  if (program->format_size != 4 || memcmp(program->format, "mlir", 4) != 0) return fail(3, "the format is not mlir");
  /* CompileOptionsProto: executable_build_options with num_replicas and num_partitions of 1. */
  if (args->options_size < 4 || memcmp(args->options + args->options_size - 4, "\x20\x01\x28\x01", 4) != 0)
    return fail(3, "options are not as expected");
  char *code = strndup(program->code, program->code_size);
  Executable *made = malloc(sizeof *made);
  for (int i = 0; i < 16; i++) made->donated[i] = -1;
  char *end = strstr(code, "->"), *at = strstr(code, "@main(");
  for (int i = 0; at != NULL && at < end && i < 16; i++) {
    char *next = strstr(at + 1, ": tensor"), *alias = strstr(at, "tf.aliasing_output = ");
    char *after = next == NULL ? NULL : strstr(next + 1, ": tensor");
    if (alias != NULL && alias < end && (after == NULL || alias < after)) made->donated[i] = atoi(alias + 21);
    at = next;
  }
  free(code);
  args->executable = made;
  alive[EXECUTABLES]++;
  return NULL;
}
static void *LoadedExecutable_Destroy(Object_Args *args) { free(args->object); alive[EXECUTABLES]--; return NULL; }

static Buffer *new_buffer(size_t size) {
  Buffer *made = malloc(sizeof *made);
  *made = (Buffer){ size, malloc(size * sizeof(float) + 1), false };
  alive[BUFFERS]++;
  return made;
}
static void *Client_BufferFromHostBuffer(Client_BufferFromHostBuffer_Args *args) {
  ENTER("Client_BufferFromHostBuffer", Client_BufferFromHostBuffer_Args);
  if (args->type != 11 && args->type != 6) return fail(12, "only f32 and u8 are known here");
  if (args->device != &device) return fail(3, "not my device");
  size_t size = 1;
  for (size_t i = 0; i < args->num_dims; i++) size *= (size_t)args->dims[i];
  Buffer *made = new_buffer(size);
  for (size_t i = 0; i < size; i++)
    made->values[i] = args->type == 11 ? ((const float *)args->data)[i] : ((const uint8_t *)args->data)[i];
  args->buffer = made;
  args->event = new_event();
  return NULL;
}
static void *Buffer_Destroy(Object_Args *args) {
  Buffer *buffer = args->object;
  free(buffer->values);
  free(buffer);
  alive[BUFFERS]--;
  return NULL;
}
static void *Buffer_ToHostBuffer(Buffer_ToHostBuffer_Args *args) {
  ENTER("Buffer_ToHostBuffer", Buffer_ToHostBuffer_Args);
  Buffer *buffer = args->src;
  if (buffer->gone) return fail(3, "the buffer has been donated");
  if (args->dst_size < buffer->size * sizeof(float)) return fail(3, "the room is too small");
  memcpy(args->dst, buffer->values, buffer->size * sizeof(float));
  args->event = new_event();
  return NULL;
}
static void *LoadedExecutable_Execute(LoadedExecutable_Execute_Args *args) {
  ENTER("LoadedExecutable_Execute", LoadedExecutable_Execute_Args);
  if (args->options->struct_size < sizeof(ExecuteOptions)) return fail(3, "Unexpected ExecuteOptions size");
  if (args->num_devices != 1) return fail(3, "there is one device");
  Executable *executable = args->executable;
  for (size_t i = 0; i < args->num_args; i++) {
    Buffer *given = args->argument_lists[0][i];
    if (given->gone) return fail(3, "an argument has been donated before");
    Buffer *made = new_buffer(given->size);
    for (size_t j = 0; j < given->size; j++) made->values[j] = given->values[j] + 1;
    args->output_lists[0][i] = made;
    if (executable->donated[i] >= 0) {
      given->gone = true;
      donations++;
    }
  }
  return NULL;
}

static Api api;

/* The table again, with another version, another size, or without functions; as the test wants it. */
EXPORT void stub_table(int major, int minor, size_t size, bool empty) {
  memset(&api, 0, sizeof api);
  api.struct_size = size == 0 ? sizeof api : size;
  api.version = (Version){ sizeof(Version), NULL, major, minor };
  if (empty) return;
#define FILL(name) api.name = name
  FILL(Error_Destroy); FILL(Error_Message); FILL(Error_GetCode); FILL(Plugin_Initialize); FILL(Event_Destroy);
  FILL(Event_Await); FILL(Client_Create); FILL(Client_Destroy); FILL(Client_PlatformName);
  FILL(Client_PlatformVersion); FILL(Client_AddressableDevices); FILL(Client_Compile);
  FILL(Client_BufferFromHostBuffer); FILL(DeviceDescription_Kind); FILL(Device_GetDescription);
  FILL(Device_MemoryStats); FILL(LoadedExecutable_Destroy); FILL(LoadedExecutable_Execute); FILL(Buffer_Destroy);
  FILL(Buffer_ToHostBuffer);
}

EXPORT void *GetPjrtApi(void) {
  if (api.struct_size == 0) stub_table(0, 90, 0, false);
  return &api;
}
