import type { OptionSpec } from "./args.ts";
import { type CommandSpec, commonStatuses } from "./command-spec.ts";
import { runOptionSpecs } from "./run-options.ts";

const json: OptionSpec = { long: "json", help: "print JSON instead of text" };

/** What `gen bindings` and `gen header` have in common. */
const bindingsOptions: readonly OptionSpec[] = [
  { long: "lang", value: "LANGUAGE", help: "c (default), ts or json-schema" },
  { long: "type", value: "NAME", help: "only this type and what it contains; may be given several times" },
  { long: "json", help: "also functions from structs to JSON and back, in C and TypeScript" },
  {
    long: "json-library",
    value: "LIBRARY",
    help: "JSON functions in C: none (default, text without a library) or cjson (values of cJSON)",
  },
];

/**
 * Every command of `wasm-bpf`, in the order of the help text. After a change: `node dist/scripts/gen-cli-docs.js`.
 */
export const commands: readonly CommandSpec[] = [
  {
    name: "run",
    summary: "load a module's BPF object into the kernel and run the module",
    usage: ["[options] MODULE [guest arguments]"],
    description: [
      "Runs an eBPF application packed into a WebAssembly module: loads its BPF object into the kernel, attaches it, and lets the module read what it reports. The word run may be left out, unless the module is named like a command.",
      "A guest sees no file, no environment and no descriptor of the host, starts no program and opens no socket, unless told to with --dir, --env and the --allow options. When it is refused something, a line on standard error says which option it needs.",
      "SIGINT and SIGTERM end the guest's waiting, so that it can clean up; a second one ends it at once. A guest that handles a signal itself decides when it ends; the third of one kind ends it all the same.",
    ],
    arguments: [
      { name: "MODULE", help: "a WebAssembly module, or - for standard input" },
      { name: "guest arguments", help: "everything after MODULE, options too, belongs to the guest" },
    ],
    options: runOptionSpecs,
    statuses: [
      { status: "0 to 255", meaning: "the guest's own exit status" },
      { status: "1", meaning: "the module could not be started; one line on standard error says why" },
      { status: "2", meaning: "the command line is wrong" },
      { status: "126", meaning: "the module needs another version of the guest interface; nothing ran" },
      { status: "130, 143", meaning: "SIGINT or SIGTERM ended the guest before it ended itself" },
      { status: "134", meaning: "the guest trapped" },
      { status: "141", meaning: "standard output or error was closed, which ended the guest" },
    ],
    examples: [
      { command: "wasm-bpf bootstrap.wasm -d 50", does: "runs a module with two arguments of its own" },
      {
        command: "wasm-bpf --allow-read=/proc,/sys tool.wasm",
        does: "runs a tool that reads what the kernel tells about processes",
      },
      {
        command: "wasm-bpf run --dir /var/log::/log build",
        does: "runs a module called build that sees a directory",
      },
    ],
    reads: [["FILE"]],
  },
  {
    name: "init",
    summary: "a new project that can be built and run at once",
    usage: ["[--template TEMPLATE] [--dir DIR] NAME"],
    description: [
      "Makes the directory NAME with the kernel half NAME.bpf.c, the user-space half NAME.c in C and a README that says how to build and run it. Nothing is overwritten.",
      "Templates: minimal (a counter), tracepoint (events through a ring buffer), histogram (counts that stay in the kernel), uprobe (calls of a function in a program or library), xdp (packets of an interface), lsm (denies something to a process; needs a kernel with BPF among its security modules).",
    ],
    arguments: [
      { name: "NAME", help: "what the application is called: letters, digits, - and _, a letter first" },
    ],
    options: [
      { long: "template", value: "TEMPLATE", help: "what to start from; default: minimal" },
      { long: "dir", value: "DIR", help: "where the files go; default: NAME" },
    ],
    examples: [
      {
        command: "wasm-bpf init app && wasm-bpf build app && sudo wasm-bpf app/app.wasm",
        does: "makes a project, builds it and runs it",
      },
      { command: "wasm-bpf init --template xdp counter", does: "starts from a program for packets" },
    ],
    reads: [],
  },
  {
    name: "build",
    summary: "compile *.bpf.c and the guest to a module",
    usage: ["[--btf FILE] [--embed-btf FILE]... [--wasm32] [--verbose] [DIR | FILE.c]..."],
    description: [
      "Compiles every NAME.bpf.c of the directory and the guest NAME.c to the module NAME.wasm; other C files without main() are linked as far as they are used. NAME.c is a program written for libbpf, as it is: it includes NAME.skel.h and <bpf/libbpf.h>. One that includes libbpf-wasm.h or a NAME.wasm.h is built for version 1 of the guest interface.",
      "Intermediate files (vmlinux.h, objects, skeletons) are kept in DIR/.build; only what changed is made again. Each product takes its place when it is done: a build that is interrupted, or runs beside another one, leaves nothing half-written.",
      "Messages of the compilers are shown as they print them. A program that cannot be built does not keep the others from being; the last line names those that failed.",
    ],
    arguments: [
      {
        name: "DIR",
        help: "the project, or one NAME.bpf.c of it; default: the current directory; several are built one after the other, also when one fails",
      },
      {
        name: "FILE.c",
        help: "with other C files than NAME.bpf.c, all of them are the sources of one module, in the directory of the first",
      },
    ],
    options: [
      {
        long: "btf",
        value: "FILE",
        help: "make vmlinux.h from the types of this kernel instead of the running one's: BTF, an ELF file with a section .BTF, a vmlinuz, or a Debian package of a kernel",
      },
      {
        long: "embed-btf",
        value: "[RELEASE[:MACHINE]=]FILE",
        help: "put what the objects need of a kernel's BTF into the module, for kernels that have none: RELEASE as in uname -r (default: the file's name without .btf), MACHINE as in uname -m (default: any); may be given several times",
      },
      {
        long: "wasm32",
        help: "build for version 1 of the guest interface, with 32-bit long, size_t and pointers, whatever is included",
      },
      { long: "verbose", help: "print every command" },
      { long: "emit", help: "print every command and list all intermediate files, current ones too" },
    ],
    environment: [
      { name: "CLANG", help: "the compiler; default: the newest that is installed, 14 or later" },
      { name: "BPF_CFLAGS", help: "further options for BPF sources, such as -mcpu=v3" },
      { name: "WASI_SDK_PATH", help: "a wasi-sdk to compile guests of version 1 with" },
    ],
    statuses: [
      ...commonStatuses,
      { status: "129, 130, 143", meaning: "it was interrupted by SIGHUP, SIGINT or SIGTERM" },
    ],
    examples: [
      { command: "wasm-bpf build", does: "builds the project in the current directory" },
      {
        command: "wasm-bpf build execsnoop.bpf.c execsnoop.c trace_helpers.c",
        does: "builds execsnoop.wasm of these files",
      },
      {
        command: "wasm-bpf build --btf vmlinux-6.1 app",
        does: "builds the project in app for another kernel's types",
      },
    ],
    reads: [["FILE"]],
  },
  {
    name: "gen skeleton",
    summary: "skeleton of an object: C for guests, TypeScript for Node programs",
    usage: [
      "[-j] FILE.bpf.o [name NAME] [--format c|json]",
      "--format ts [--types FILE]... [--event MAP=TYPE]... FILE.bpf.o [name NAME]",
    ],
    description: [
      "Writes a skeleton of the object to standard output: C for guests (and for libbpf), or JSON. Maps, programs and global variables become members of a struct, in bpftool's order.",
      "With --format ts it is a TypeScript class for wasm-bpf/ebpf, link and buffer: maps with typed keys and values, programs, event buffers, and global variables, which are the kernel's own memory from load on.",
    ],
    arguments: [
      { name: "FILE.bpf.o", help: "the BPF object, which the skeleton contains" },
      { name: "name NAME", help: "name of the skeleton's struct; default: from the file name" },
    ],
    options: [
      { long: "format", value: "FORMAT", help: "c (default), json or ts" },
      {
        long: "types",
        value: "FILE",
        help: "with --format ts: a C header, or BTF, with the types of events that the object's own BTF lacks",
      },
      {
        long: "event",
        value: "MAP=TYPE",
        help: "with --format ts: struct of the records in a ring or perf buffer; default: the one called like the map, event for events",
      },
      { long: "json", help: "the same as --format json" },
      {
        long: "portable",
        short: "j",
        help: "accepted for compatibility: the C skeleton's layout is always safe for wasm",
      },
    ],
    json: "{ name, maps: [{ name, identifier, section? }], programs: [{ name, identifier, sectionName }] }; section is there for global variables: { kind, sizeBytes, variables: [{ name, offsetBytes, sizeBytes }] }",
    examples: [
      {
        command: "wasm-bpf gen skeleton app.bpf.o > app.skel.h",
        does: "makes the header that app.c includes",
      },
    ],
    reads: [["FILE"], ["FILE", "--format", "json"], ["FILE", "--format", "ts"]],
  },
  {
    name: "gen bindings",
    summary: "structs for user space with the BPF side's layout",
    usage: ["FILE [--lang c|ts|json-schema] [--type NAME]... [--json]"],
    description: [
      "Writes the structs, unions and enums of a BTF for code that runs elsewhere: in C with explicit padding and with every size and offset asserted, in TypeScript as interfaces with functions that decode and encode bytes, or as the JSON schema of what the JSON functions write.",
      "In JSON, integers beyond 2^53 are decimal strings, arrays of char are strings (lists of numbers when they are no text), and of a union all members are written.",
    ],
    arguments: [
      {
        name: "FILE",
        help: "an object with BTF, BTF itself, or vmlinux for the running kernel (if no file is called so)",
      },
    ],
    options: [
      ...bindingsOptions,
      { long: "base-btf", short: "B", value: "BASE", help: "BTF that FILE extends" },
    ],
    examples: [
      { command: "wasm-bpf gen bindings app.bpf.o --lang ts > app.ts", does: "decoders for a Node program" },
      {
        command: "wasm-bpf gen bindings app.bpf.o --type event --json > event.h",
        does: "one struct in C, with JSON functions",
      },
    ],
    reads: [["FILE"], ["FILE", "--lang", "ts", "--json"], ["FILE", "--lang", "json-schema"]],
  },
  {
    name: "gen header",
    summary: "bindings for everything a C header defines",
    usage: ["HEADER.h [--lang c|ts|json-schema] [--type NAME]... [--json] [-I DIR]... [-D NAME[=VALUE]]..."],
    description: [
      "Compiles a C header for BPF and writes bindings, as gen bindings does, for all structs, unions and enums that it and the headers beside it define, whether something uses them or not. C bindings keep the header's macros.",
    ],
    arguments: [{ name: "HEADER.h", help: "a header that can be compiled by itself" }],
    options: [
      ...bindingsOptions,
      { long: "include-path", short: "I", value: "DIR", help: "where the header's own includes are" },
      { long: "define", short: "D", value: "NAME[=VALUE]", help: "a macro" },
    ],
    environment: [
      { name: "CLANG", help: "the compiler; default: the newest that is installed, 14 or later" },
    ],
    examples: [
      {
        command: "wasm-bpf gen header event.h > event.wasm.h",
        does: "makes the header that a guest includes instead of event.h",
      },
    ],
    reads: [],
  },
  {
    name: "gen object",
    summary: "several BPF objects linked into one",
    usage: ["OUT.bpf.o IN.bpf.o..."],
    description: [
      "Links BPF objects statically, as bpftool gen object does: sections of one name become one, extern functions, variables and maps are resolved, a strong definition replaces weak ones, static names stay apart, and types that several objects have are there once.",
      "Objects that contradict each other (two strong definitions, different types or map attributes, different licenses) are an error that names both.",
    ],
    arguments: [
      { name: "OUT.bpf.o", help: "the linked object" },
      { name: "IN.bpf.o", help: "BPF objects of one byte order" },
    ],
    examples: [
      {
        command: "wasm-bpf gen object app.bpf.o main.bpf.o lib.bpf.o",
        does: "links a program with a library",
      },
    ],
    reads: [["/dev/null", "FILE"]],
  },
  {
    name: "gen min_core_btf",
    summary: "the part of a kernel's BTF that objects need",
    usage: ["INPUT OUTPUT OBJECT..."],
    description: [
      "Writes the types and fields that the CO-RE relocations of the objects ask for, as bpftool gen min_core_btf does: some hundred bytes instead of megabytes. With it the objects can be loaded on that kernel even if it was built without BTF: run --btf, or build --embed-btf.",
    ],
    arguments: [
      {
        name: "INPUT",
        help: "BTF of a kernel: BTF, an ELF file with a section .BTF, a vmlinuz, or vmlinux for the running kernel (if no file is called so)",
      },
      { name: "OUTPUT", help: "the reduced BTF" },
      { name: "OBJECT", help: "a BPF object, or a module that carries some" },
    ],
    examples: [
      {
        command: "wasm-bpf gen min_core_btf vmlinux-4.19.btf 4.19.0.btf app.bpf.o",
        does: "reduces the BTF of an old kernel",
      },
    ],
    reads: [
      ["FILE", "/dev/null", "/dev/null"],
      ["vmlinux", "/dev/null", "FILE"],
    ],
  },
  {
    name: "btf dump",
    summary: "types of a kernel or an object, vmlinux.h for example",
    usage: ["file FILE [format c [unsorted]|raw] [-j] [root_id N]... [-B BASE] [--json]"],
    description: [
      "Writes the types of a BTF file or of an object to standard output, as C declarations or one line per type. Arguments and output are bpftool's, but for C: it has the same types, sizes and offsets, and its own first line, order and filling members between bit-fields.",
    ],
    arguments: [
      {
        name: "file FILE",
        help: "BTF, an ELF file with a section .BTF, or vmlinux for the running kernel (if no file is called so)",
      },
      {
        name: "format c",
        help: "C declarations (vmlinux.h), by kind and name or, with unsorted, in the order of their ids; format raw (default): one line per type",
      },
      { name: "root_id N", help: "only this type and, in C, what it needs; may be given several times" },
    ],
    options: [
      {
        long: "portable",
        short: "j",
        help: "with format c: structs with the BPF layout on every machine: fixed width, padded, packed",
      },
      {
        long: "base-btf",
        short: "B",
        value: "BASE",
        help: "BTF that FILE extends; default for /sys/kernel/btf/MODULE: the kernel's",
      },
      json,
    ],
    json: "{ types: [...] }, with bpftool's members: id, kind, name, and by kind size, bits_offset, nr_bits, encoding, type_id, index_type_id, nr_elems, vlen, members: [{ name, type_id, bits_offset, bitfield_size? }], values: [{ name, val }], params: [{ name, type_id }], vars: [{ type_id, offset, size }], ret_type_id, linkage, fwd_kind, component_idx",
    examples: [
      {
        command: "wasm-bpf btf dump file vmlinux format c > vmlinux.h",
        does: "makes vmlinux.h for the running kernel",
      },
      {
        command: "wasm-bpf btf dump file app.bpf.o format c -j",
        does: "shows the object's structs in a layout for wasm",
      },
    ],
    reads: [
      ["file", "FILE"],
      ["file", "FILE", "format", "c"],
      ["file", "FILE", "format", "c", "-j"],
      ["file", "FILE", "--json"],
    ],
  },
  {
    name: "btf diff",
    summary: "structs and fields that differ between two kernels",
    usage: ["[--json] [--functions] A B [NAME]..."],
    description: [
      "Compares the types of two kernels, or of two objects, and prints what a program that was written for A finds different in B: structs, unions, enums and typedefs that were added (+), removed (-) or changed (~), with their fields: added, removed, moved, or of another type.",
      "A field that is only moved needs nothing but CO-RE. Neighbours that move by the same distance are one line. The exit status is 0 whether there are differences or not.",
    ],
    arguments: [
      {
        name: "A B",
        help: "BTF, or an ELF file with a section .BTF, or vmlinux for the running kernel (if no file is called so)",
      },
      { name: "NAME", help: "compare only types with this name; may be given several times" },
    ],
    options: [json, { long: "functions", help: "compare the kernel's functions, too" }],
    json: "{ before, after, differences: [{ kind, name, change, sizeBytes?, type?, fields: [{ name, before?, after? }], values: [{ name, before?, after? }] }] }; change is added, removed or changed, a field is { type, offsetBits, bitfieldBits }, before and after are those of A and B; enumerators are decimal strings",
    examples: [
      {
        command: "wasm-bpf btf diff vmlinux-6.1 vmlinux task_struct",
        does: "shows how task_struct changed from 6.1 to the running kernel",
      },
    ],
    reads: [
      ["FILE", "vmlinux"],
      ["vmlinux", "FILE", "--json"],
    ],
  },
  {
    name: "inspect",
    summary: "what a module or an object contains, needs and can change, without running it",
    usage: ["[--json] MODULE | FILE.bpf.o"],
    description: [
      "Describes a WebAssembly module and the BPF objects in it, or a BPF object: imports and ABI version, programs with their hooks, helpers, kernel functions and CO-RE accesses, maps, global variables, what the programs can change outside their own maps, and the capabilities that loading them needs. Nothing is loaded or run; modules of the original wasm-bpf project are understood, too.",
      "What it can change is said by kinds of programs and by the helpers they call: it is what the kernel would let them do, not what they do. Objects that a guest keeps compressed are not found.",
    ],
    arguments: [
      { name: "MODULE", help: "a WebAssembly module" },
      { name: "FILE.bpf.o", help: "a BPF object" },
    ],
    options: [json],
    json: "an object is { kind: object, sizeBytes, license, littleEndian, btfTypes, programs: [{ name, section, type, hook, target?, autoload, sleepable, instructions, helpers, kfuncs, maps, coreRelocations, abilities }], maps: [{ name, type, keySizeBytes, valueSizeBytes, keyType?, valueType?, maxEntries, flags, pinned }], globals: [{ name, section, type, sizeBytes, constant }], externs: [{ name, kind, weak }], abilities: [{ kind, what, by }], capabilities }; a module is { kind: module, sizeBytes, abiVersion?, imports, options, usesWasi, exports, customSections, build?, kernels: [{ release, machine, sizeBytes }], objects }, imports by module, customSections as sizes by name, build as docs/module.md says, and its objects have no kind but an address? in the memory of the guest",
    examples: [
      { command: "wasm-bpf inspect app.wasm", does: "shows what app.wasm would do to the machine" },
      {
        command: "wasm-bpf inspect --json app.wasm | jq '.objects[].capabilities'",
        does: "lists what it needs",
      },
    ],
    reads: [["FILE"], ["FILE", "--json"]],
  },
  {
    name: "check",
    summary: "whether an application would find on a kernel what it needs",
    usage: ["[--btf FILE]... [--vmlinuz FILE]... [--debian] [--all] [--json] MODULE | FILE.bpf.o"],
    description: [
      "Relocates the objects against the types of kernels, without loading anything, and prints for each kernel what is missing: types, fields and enumerators of CO-RE relocations, functions and tracepoints that programs are attached to, kernel functions that they call. Without a kernel, the running one is asked.",
      "A need is ok; moved, which CO-RE takes care of; absent, when the program asks whether it is there; unreachable, when what uses it cannot run on that kernel; or missing.",
    ],
    arguments: [{ name: "MODULE", help: "a module that carries BPF objects, or a BPF object" }],
    options: [
      {
        long: "btf",
        value: "FILE",
        help: "types of a kernel: BTF, an ELF file with a section .BTF, a vmlinuz, or a Debian package of a kernel",
      },
      { long: "vmlinuz", value: "FILE", help: "the same" },
      { long: "debian", help: "every kernel in /boot and every kernel package in apt's cache" },
      { long: "all", help: "print every need, not only what is missing" },
      json,
    ],
    statuses: [
      { status: "0", meaning: "every kernel has everything" },
      {
        status: "1",
        meaning:
          "a kernel lacks something, or an input cannot be read (then one line on standard error says why)",
      },
      { status: "2", meaning: "the command line is wrong" },
    ],
    json: "[{ kernel, ok, objects: [{ name, programs: [{ program, ok, needs: [{ kind, description, instructionIndex?, answer, detail }] }] }] }]; all needs are in it, answer is ok, moved, absent, unreachable or missing",
    examples: [
      {
        command: "wasm-bpf check app.wasm --btf 5.10.btf --vmlinuz /boot/vmlinuz-6.1.0-13-amd64",
        does: "tells whether the application would run on two kernels",
      },
    ],
    reads: [["FILE"], ["FILE", "--json"], ["--btf", "FILE", "/dev/null"]],
  },
  {
    name: "disasm",
    summary: "instructions with symbols and source lines",
    usage: ["[--json] MODULE | FILE.bpf.o [PROGRAM]"],
    description: [
      "Prints the instructions of the programs of an object, or of the objects in a module, as they are loaded: subprograms after what calls them, source lines between, names of maps, variables, kernel functions and CO-RE fields behind what refers to them.",
    ],
    arguments: [
      { name: "MODULE", help: "a module that carries BPF objects" },
      { name: "FILE.bpf.o", help: "a BPF object" },
      { name: "PROGRAM", help: "name of one program; default: all" },
    ],
    options: [json],
    json: "{ programs: [{ program, section, slots, instructions: [{ slot, function?, source?, text }] }] }; function and source are there where a function or a source line begins",
    examples: [{ command: "wasm-bpf disasm app.bpf.o handle_exec", does: "shows one program" }],
    reads: [["FILE"], ["FILE", "--json"]],
  },
];

/** The command with this name; `undefined` when there is none. */
export function findCommand(name: string): CommandSpec | undefined {
  return commands.find((command) => command.name === name);
}

/** What can follow `verb` as a second word: the nouns of `gen`, for example; empty for a command of one word. */
export function nounsOf(verb: string): string[] {
  return commands.flatMap(({ name }) => (name.startsWith(`${verb} `) ? [name.slice(verb.length + 1)] : []));
}

/** First words of all commands. */
export function verbs(): string[] {
  return [...new Set(commands.map(({ name }) => name.split(" ")[0] ?? ""))];
}
