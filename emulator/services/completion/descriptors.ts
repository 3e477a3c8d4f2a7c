/** The kind of file of a descriptor, determined by the call that returned it: all descriptors have the same type. */
import { childrenOf, isKind, type Node } from '../nodes';
import type { Situation } from './situation';
import { KIND_OF_CALL, KIND_OF_PATH } from './usual';

/** The kinds of the variables that are assigned before the cursor, by name: the last one counts. */
export function descriptorKinds({ file, span }: Situation): ReadonlyMap<string, string> {
    const kinds = new Map<string, string>();
    const visit = (node: Node): void => {
        if (node.start > span.start) {
            return;
        }
        if (isKind(node, 'assign') && isKind(node.target, 'name')) {
            const { name } = node.target;
            // a retrieved file has the kind of the file that was preserved with its token
            const kind = isRetrieved(node.value) ? (kinds.get(name) ?? kindByName(name)) : kindOf(node.value, kinds);
            if (kind !== undefined) {
                kinds.set(name, kind);
            }
        } else if (isKind(node, 'send') && node.as) {
            const kind = kindOf(node.value, kinds);
            if (kind !== undefined) {
                kinds.set(node.as.name, kind);
            }
        }
        childrenOf(node).forEach(visit);
    };
    file.items.forEach(visit);
    return kinds;
}

function isRetrieved(e: Node): boolean {
    const call = isKind(e, 'try') ? e.call : e;
    return isKind(call, 'call') && isKind(call.callee, 'member') && call.callee.member.name === 'retrieve_fd';
}

/** The kinds of file that variables usually hold, by the name of the variable. */
function kindByName(name: string): string {
    return /iommu/.test(name)
        ? 'iommufd'
        : /vfio|nic|gpu|nvme|disk/.test(name)
          ? 'vfio'
          : /guest|^vm$/.test(name)
            ? 'vm'
            : 'memfd';
}

/** The kind of file that an expression returns; undefined if it is not known. */
export function kindOf(e: Node, kinds: ReadonlyMap<string, string>): string | undefined {
    if (isKind(e, 'name')) {
        return kinds.get(e.name) ?? kindByName(e.name);
    }
    if (isKind(e, 'member')) {
        return kinds.get(e.member.name) ?? kindByName(e.member.name);
    }
    if (isKind(e, 'try')) {
        return kindOf(e.call, kinds);
    }
    if (!isKind(e, 'call')) {
        return undefined;
    }
    const name = isKind(e.callee, 'member') ? e.callee.member.name : isKind(e.callee, 'name') ? e.callee.name : '';
    const [first] = e.args;
    if (name === 'open' && isKind(first?.value, 'string')) {
        const path = first.value.value;
        return KIND_OF_PATH.find(([begin]) => path.startsWith(begin))?.[1];
    }
    return KIND_OF_CALL[name] ?? (name === 'retrieve_fd' ? 'memfd' : undefined);
}
