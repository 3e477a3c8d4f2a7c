/** Confidential guests for kernel code (std/tee.lus) and for their VMMs. */
import { adoptGuest, vmOf } from '../../kernel/kvm/file';
import { GuestMemfd } from '../../kernel/kvm/guest-memfd';
import { GuardedPage } from '../../kernel/kvm/protection';
import { KernelTee } from '../../kernel/kvm/tee';
import { VirtualMachine } from '../../kernel/kvm/vm';
import { FolioRef } from '../../kernel/mm/file-folios';
import { err } from '../../kernel/release/errno';
import { BOOL, INT, listOf, objectOf, PHYS, STRING } from '../../language/types';
import { asBool, asNumber, ProgramError } from '../../language/values';
import { folioArg } from './arguments';
import { fdMethodOn, global, Members, nothing, param } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

/** The numbers of uses in records that are handed over, from 0. */
const USES = ['context', 'vcpu', 'table'] as const;

export const guardedPage = new Members(
    GuardedPage,
    'tee_page',
    'A page that the firmware or module has for a confidential guest.',
)
    .field('phys', PHYS, 'Its physical address.', ({ pa }) => pa)
    .field(
        'folio',
        objectOf('folio'),
        'The page.',
        ({ pa }, { machine: { page } }) => new FolioRef(pa / page.size, page),
    )
    .field('use', INT, '0: context or TDR, 1: state of a vCPU, 2: table of guest addresses.', ({ use }) =>
        USES.indexOf(use),
    )
    .field('index', INT, 'Its vCPU, or the number of the table.', ({ index }) => index);

export const vmProtection = new Members(VirtualMachine, 'virtual_machine', '')
    .field('confidential', BOOL, 'Whether it is a confidential guest.', ({ protection }) => protection !== null)
    .field('slot', INT, 'Its ASID or KeyID; 0 if it is not confidential.', ({ protection }) => protection?.slot ?? 0)
    .field('context', PHYS, 'The page of its context, or its TDR.', ({ protection }) => protection?.context ?? 0)
    .field('vcpus', INT, 'The number of vCPUs.', ({ vcpus }) => vcpus.length)
    .method(
        'tee_pages',
        [],
        { result: listOf(objectOf('tee_page')) },
        'The pages that the firmware or module has for it.',
        ({ protection }, _args, context) => context.list(protection ? [...protection.pages] : []),
    )
    .method(
        'store',
        [],
        {},
        'The processor has stored the state of its vCPUs in their pages; records that it needs no other saved state.',
        (machine, _args, { running }) => {
            machine.storeVcpus();
            running.machine.guestObserver?.saved(machine.name, machine.file?.inode.ino ?? 0, 'its protected pages');
            return undefined;
        },
    )
    .method(
        'adopt',
        [param('slot', INT), param('context', PHYS)],
        { fails: true },
        'It becomes the confidential guest of the previous kernel with this ASID or KeyID. EIO (the firmware does not know it), EINVAL.',
        (machine, [slot, context], { running }) =>
            adoptGuest(running, machine, asNumber(slot, 'the slot'), asNumber(context, 'the address')),
    )
    .method(
        'add_tee_page',
        [param('phys', PHYS), param('use', INT), param('index', INT)],
        {},
        'Takes over a page of the previous kernel.',
        ({ protection }, [pa, use, index]) => {
            const known = USES[asNumber(use, 'the use')];
            if (!protection || known === undefined) {
                throw new ProgramError('this VM is not confidential, or there is no such use');
            }
            protection.add(new GuardedPage(asNumber(pa, 'the address'), known, asNumber(index, 'the index')));
            return undefined;
        },
    );

export const guestPages = new Members(GuestMemfd, 'guest_memory', '')
    .field('ranges', INT, 'The number of converted ranges.', ({ inode }) => inode.converted.length)
    .method(
        'range_from',
        [param('i', INT)],
        { result: INT },
        'The first page of a converted range.',
        ({ inode }, [i]) => inode.converted[asNumber(i, 'the range')]?.from ?? 0,
    )
    .method(
        'range_to',
        [param('i', INT)],
        { result: INT },
        'The page behind a converted range.',
        ({ inode }, [i]) => inode.converted[asNumber(i, 'the range')]?.to ?? 0,
    )
    .method(
        'add_range',
        [param('from', INT), param('to', INT)],
        {},
        'Marks a range of pages as converted, without a change of its pages.',
        ({ inode }, [from, to], { running }) => {
            const first = asNumber(from, 'the page');
            const { size } = running.page;
            const isPrivate = inode.isShared(first);
            inode.convert(running, first * size, (asNumber(to, 'the page') - first) * size, isPrivate);
            return undefined;
        },
    );

export const teeObject = new Members(KernelTee, 'tee_platform', 'Confidential guests in the running kernel.')
    .field('ready', BOOL, 'Whether this kernel has set up the platform or taken it over.', ({ ready }) => ready)
    .field('kind', STRING, '`"snp"` or `"tdx"`.', ({ platform }) => platform.kind)
    .field('slots', INT, 'The number of ASIDs or KeyIDs.', ({ platform }) => platform.slots)
    .field(
        'tables',
        listOf(objectOf('folio')),
        'The memory of the table of page owners (PAMT); empty for SNP, where the firmware reserves it.',
        ({ tables }, context) =>
            context.list(tables.map((pa) => new FolioRef(pa / context.machine.page.size, context.machine.page))),
    )
    .journaledIn(
        (tee: KernelTee) => tee,
        'carried',
        'carried',
        BOOL,
        'Whether the platform is handed over. Can be assigned.',
        asBool,
    )
    .method('resume', [], {}, 'Takes the platform of the previous kernel over.', (tee) => nothing(tee.resume()))
    .method('word', [param('i', INT)], { result: INT }, '32 bits of the bitmap of slots in use.', (tee, [i]) =>
        tee.word(asNumber(i, 'the index')),
    )
    .method(
        'take_word',
        [param('i', INT), param('bits', INT)],
        {},
        'Marks the slots of a bitmap as used.',
        (tee, [i, bits]) => nothing(tee.takeWord(asNumber(i, 'the index'), asNumber(bits, 'the bits'))),
    )
    .method(
        'reclaim',
        [param('folio', objectOf('folio'))],
        {},
        'Gives a page back to the host: it can be freed.',
        ({ platform }, [folio], { running }) => nothing(platform.release(folioArg(folio) * running.page.size)),
    );

export const teeGlobals: readonly NativeGlobal<NativeContext>[] = [
    global(
        'tee',
        objectOf('tee_platform'),
        'kernel',
        'Confidential guests; `none` on a machine that cannot have them.',
        ({ running }) => running.tee,
    ),
];

const onVm = fdMethodOn(vmOf);

export const teeSyscalls: readonly NativeFunction<NativeContext>[] = [
    onVm(
        'request_conversion',
        [param('at', INT), param('length', INT), param('private', BOOL, true)],
        {},
        'The guest asks its VMM to convert a range (`KVM_HC_MAP_GPA_RANGE`) and stops until set_private() has done so and resume() is called. EINVAL. ENOTTY if the file is not a VM.',
        (owner, [at, length, isPrivate]) =>
            owner.request(asNumber(at, 'the address'), asNumber(length, 'the length'), asBool(isPrivate, 'private')),
    ),
    onVm(
        'host_read',
        [param('at', INT)],
        { result: INT },
        'The first byte that the host kernel reads in the page at a guest address: of private memory, ciphertext (SNP) or 0 (TDX). ENOENT without a page. ENOTTY if the file is not a VM.',
        (owner, [at]) => {
            const page = owner.space.pageAt(asNumber(at, 'the address'));
            return page < 0 ? err('ENOENT') : (owner.hostReads(page, 1).at(0) ?? 0);
        },
    ),
    onVm(
        'host_write',
        [param('at', INT), param('value', INT)],
        {},
        'The host kernel writes a byte to the page at a guest address, as code with a wrong address would. In private memory that is a panic (SNP), or damage that the guest finds (TDX). ENOENT without a page. ENOTTY if the file is not a VM.',
        (owner, [at, value], { running }) => {
            const page = owner.space.pageAt(asNumber(at, 'the address'));
            return page < 0 ? err('ENOENT') : nothing(running.memory.writeU8(page, asNumber(value, 'the byte')));
        },
    ),
    onVm(
        'attest',
        [],
        { result: INT },
        'The identity in the attestation report of a confidential guest: the number of its launch, which no other launch has. EINVAL if it is not confidential. ENOTTY if the file is not a VM.',
        ({ protection }) => protection?.identity ?? err('EINVAL'),
    ),
];
