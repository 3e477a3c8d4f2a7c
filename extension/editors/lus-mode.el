;;; lus-mode.el --- Live update scenarios: eglot and dape  -*- lexical-binding: t; -*-

;; Put this file into a folder of `load-path' and add (require 'lus-mode) to your init file.
;; The command `lus' must be in PATH.

;;; Code:

(define-derived-mode lus-mode prog-mode "lus"
  "Major mode for live update scenarios."
  (setq-local comment-start "// ")
  (setq-local comment-end "")
  (setq-local tab-width 4)
  (setq-local indent-tabs-mode nil))

(add-to-list 'auto-mode-alist '("\\.lus\\'" . lus-mode))

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '(lus-mode "lus" "lsp")))

(with-eval-after-load 'dape
  ;; kernel code comes from the debug adapter with this type
  (add-to-list 'dape-mime-mode-alist '("text/x-lus" . lus-mode))
  (add-to-list 'dape-configs
               '(lus modes (lus-mode)
                     command "lus"
                     command-args ("dap")
                     :type "lus"
                     :request "launch"
                     :program dape-buffer-default
                     :stopOnEntry t)))

(provide 'lus-mode)
;;; lus-mode.el ends here
