/** The constants of system calls, by their C names, and byte strings as values. */
import {
    VFIO_GROUP_FLAGS_CONTAINER_SET,
    VFIO_GROUP_FLAGS_VIABLE,
    VFIO_NOIOMMU_IOMMU,
    VFIO_TYPE1v2_IOMMU,
} from '../../kernel/devices/vfio-group';
import * as fcntl from '../../kernel/fs/fcntl';
import { ANY, BYTES, INT, STRING } from '../../language/types';
import { asInt, ProgramError, textUpToZero } from '../../language/values';
import { Bytes } from '../../machine/bytes';
import { dataArg, lengthArg, offsetArg, restOf } from './arguments';
import { constant, fn, param } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

export const fileConstants: readonly NativeGlobal[] = [
    constant('VFIO_TYPE1v2_IOMMU', VFIO_TYPE1v2_IOMMU, 'a container with an address space'),
    constant('VFIO_NOIOMMU_IOMMU', VFIO_NOIOMMU_IOMMU, 'a container of groups without an IOMMU'),
    constant('VFIO_GROUP_FLAGS_VIABLE', VFIO_GROUP_FLAGS_VIABLE, 'no driver of the kernel has a device of the group'),
    constant('VFIO_GROUP_FLAGS_CONTAINER_SET', VFIO_GROUP_FLAGS_CONTAINER_SET, 'the group has a container'),
    constant('O_RDONLY', fcntl.O_RDONLY, 'open for reading only'),
    constant('O_WRONLY', fcntl.O_WRONLY, 'open for writing only'),
    constant('O_RDWR', fcntl.O_RDWR, 'open for reading and writing'),
    constant('O_CREAT', fcntl.O_CREAT, 'create the file if it does not exist'),
    constant('O_EXCL', fcntl.O_EXCL, 'with `O_CREAT`: fail with `EEXIST` if the file exists'),
    constant('O_TRUNC', fcntl.O_TRUNC, 'set the size to 0'),
    constant('O_APPEND', fcntl.O_APPEND, 'every write appends to the file'),
    constant('O_NONBLOCK', fcntl.O_NONBLOCK, 'do not block'),
    constant('O_CLOEXEC', fcntl.O_CLOEXEC, 'close the descriptor on exec'),
    constant('O_TMPFILE', fcntl.O_TMPFILE, 'a file without a name in this directory of a tmpfs'),
    constant('FD_CLOEXEC', fcntl.FD_CLOEXEC, 'the descriptor is closed on exec'),
    constant('SEEK_SET', fcntl.SEEK_SET, 'from the start of the file'),
    constant('SEEK_CUR', fcntl.SEEK_CUR, 'from the file position'),
    constant('SEEK_END', fcntl.SEEK_END, 'from the end of the file'),
    constant('SEEK_DATA', fcntl.SEEK_DATA, 'to the next data at or after the offset'),
    constant('SEEK_HOLE', fcntl.SEEK_HOLE, 'to the next hole at or after the offset; the end of the file is one'),
    constant('F_SEAL_SEAL', fcntl.F_SEAL_SEAL, 'no more seals'),
    constant('F_SEAL_SHRINK', fcntl.F_SEAL_SHRINK, 'the file cannot shrink'),
    constant('F_SEAL_GROW', fcntl.F_SEAL_GROW, 'the file cannot grow'),
    constant('F_SEAL_WRITE', fcntl.F_SEAL_WRITE, 'the file cannot be written'),
    constant(
        'F_SEAL_FUTURE_WRITE',
        fcntl.F_SEAL_FUTURE_WRITE,
        'the file cannot be written, except through existing mappings',
    ),
    constant(
        'F_SEAL_EXEC',
        fcntl.F_SEAL_EXEC,
        'the execute bits of the mode cannot change; on an executable file it adds the seals against shrinking, growing and writing',
    ),
    constant('MFD_CLOEXEC', fcntl.MFD_CLOEXEC, 'close the descriptor on exec'),
    constant(
        'MFD_ALLOW_SEALING',
        fcntl.MFD_ALLOW_SEALING,
        'seals may be added; without it the memfd has `F_SEAL_SEAL`',
    ),
    constant('MFD_HUGETLB', fcntl.MFD_HUGETLB, 'a memfd of huge pages (hugetlbfs), which no released kernel preserves'),
    constant('MFD_HUGE_2MB', 21 * 2 ** 26, 'with `MFD_HUGETLB`: huge pages of 2 MiB, the default'),
    constant('MFD_HUGE_1GB', 30 * 2 ** 26, 'with `MFD_HUGETLB`: huge pages of 1 GiB'),
    constant(
        'MFD_NOEXEC_SEAL',
        fcntl.MFD_NOEXEC_SEAL,
        'not executable, and sealed so (`F_SEAL_EXEC`); seals may be added',
    ),
    constant('MFD_EXEC', fcntl.MFD_EXEC, 'executable'),
    constant('PROT_NONE', fcntl.PROT_NONE, 'the memory cannot be accessed'),
    constant('PROT_READ', fcntl.PROT_READ, 'the memory can be read'),
    constant('PROT_WRITE', fcntl.PROT_WRITE, 'the memory can be written, and read'),
    constant('MAP_SHARED', fcntl.MAP_SHARED, 'writes to the memory change the file'),
    constant('MAP_PRIVATE', fcntl.MAP_PRIVATE, 'writes to the memory change a copy of the page'),
    {
        name: 'PAGE_SIZE',
        type: INT,
        context: 'any',
        doc: 'the size of a page in bytes, which depends on the architecture',
        get: (host) => host.machine.page.size,
        constant: (page) => page.size,
    },
];

export const byteFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'pattern',
        [param('seed', INT), param('length', INT), param('offset', INT, 0)],
        { context: 'any', result: BYTES },
        'A byte pattern whose byte `o` is `(seed*31 + o*7 + (o>>8)*13 + (o>>16)) & 0xff`: `length` bytes, beginning at byte `offset`. The length has no influence on the run time of the emulator.',
        (_context, [seed, length, offset]) =>
            Bytes.pattern(
                Number(BigInt.asUintN(8, BigInt(asInt(seed, 'the seed')))),
                lengthArg(length, 'the length'),
                offsetArg(offset, 'the offset'),
            ),
    ),
    fn(
        'zeros',
        [param('length', INT)],
        { context: 'any', result: BYTES },
        '`length` zero bytes.',
        (_context, [length]) => Bytes.zero(lengthArg(length, 'the length')),
    ),
    fn(
        'bytes',
        [{ ...param('parts', ANY), rest: true }],
        { context: 'any', result: BYTES },
        'The concatenated bytes of its arguments: an integer from 0 to 255 is one byte, a string its UTF-8 encoding, bytes are copied.',
        (_context, [parts]) =>
            Bytes.concat(
                ...restOf(parts).map((part) =>
                    typeof part === 'number' || typeof part === 'bigint'
                        ? byteOf(part)
                        : dataArg(part, 'a part of bytes()'),
                ),
            ),
    ),
    fn(
        'text_of',
        [param('data', BYTES)],
        { context: 'any', result: STRING },
        'Bytes as text: the UTF-8 up to the first zero byte.',
        (_context, [data]) => textUpToZero(dataArg(data, 'the text')),
    ),
    fn(
        'fnv1a64',
        [param('data', BYTES)],
        { context: 'any', result: STRING },
        'The 64-bit FNV-1a hash of bytes, as 16 hexadecimal digits. Recordings of a real kernel identify data by it.',
        (_context, [data]) => dataArg(data, 'the data').fnv1a64(),
    ),
];

function byteOf(value: number | bigint): Bytes {
    if (value < 0 || value > 255) {
        throw new ProgramError(`${value} is not a byte: bytes are integers from 0 to 255`);
    }
    return Bytes.of(Uint8Array.of(Number(value)));
}
