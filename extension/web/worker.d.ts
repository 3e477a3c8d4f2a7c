/** The globals of workers that this product uses and that Node does not have. */

/** https://html.spec.whatwg.org/multipage/workers.html#dedicated-workers-and-the-worker-interface */
declare class Worker {
    constructor(url: string);
}

/** The scope of the language server's worker; its maker sets the URI of the folder of the documentation. */
declare const self: { readonly docs: string };
