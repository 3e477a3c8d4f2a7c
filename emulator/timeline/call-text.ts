/** What a system call is called in the list of events: its name, and what it is about. */
import type { KernelWork } from '../runtime/purpose';
import { hex } from '../text/text';

export function callText(work: KernelWork): string {
    switch (work.kind) {
        case 'open':
            return `open(${JSON.stringify(work.path)})`;
        case 'create_session':
        case 'retrieve_session':
            return `${work.name}(${JSON.stringify(work.session)})`;
        case 'preserve_fd':
        case 'retrieve_fd':
            return `${work.name}(token ${hex(work.token)})${ofSession(work.session?.name)}`;
        case 'finish':
            return `${work.name}()${ofSession(work.session?.name)}`;
        default:
            return work.name;
    }
}

function ofSession(name: string | undefined): string {
    return name === undefined ? '' : ` of session ${JSON.stringify(name)}`;
}
