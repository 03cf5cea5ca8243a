// All Lua scripts, by the names of their files.
// Never edited as Swift text: each script is a file beside the code that calls it, embedded by the build.
// Pure values; any thread.

import RedisClient

/// The scripts that run inside Redis. Each declares every key that it touches, and each but a plain append is idempotent.
///
/// `flags=allow-oom` (Redis 7): what is small, or frees memory, works at Redis's memory limit too, so that users can log
/// in and empty their inboxes. Only messages and new accounts are refused there.
package enum Scripts {
  static let accountAdd = RedisScript(PackageResources.account_add_lua)
  static let accountDisable = RedisScript(PackageResources.account_disable_lua)
  static let accountEnable = RedisScript(PackageResources.account_enable_lua)
  static let accountReplacePassword = RedisScript(PackageResources.account_replace_password_lua)
  static let accountSetPassword = RedisScript(PackageResources.account_set_password_lua)
  static let loginAttempt = RedisScript(PackageResources.login_attempt_lua)
  static let sessionOpen = RedisScript(PackageResources.session_open_lua)
  static let sessionEnd = RedisScript(PackageResources.session_end_lua)
  static let sessionIndex = RedisScript(PackageResources.session_index_lua)
  static let sessionUse = RedisScript(PackageResources.session_use_lua)
  static let blockList = RedisScript(PackageResources.block_list_lua)
  static let blockEnforce = RedisScript(PackageResources.block_enforce_lua)
  static let blockLift = RedisScript(PackageResources.block_lift_lua)
  static let inboxAppend = RedisScript(PackageResources.inbox_append_lua)
  static let inboxDeliver = RedisScript(PackageResources.inbox_deliver_lua)
  static let inboxAdvance = RedisScript(PackageResources.inbox_advance_lua)
  static let inboxShown = RedisScript(PackageResources.inbox_shown_lua)
  static let nodeRenew = RedisScript(PackageResources.node_renew_lua)
  static let nodeRemove = RedisScript(PackageResources.node_remove_lua)
  static let presenceSet = RedisScript(PackageResources.presence_set_lua)
  static let presenceAnnounce = RedisScript(PackageResources.presence_announce_lua)
  // Only operators' commands (`kabar check`, `kabar explain`) call these; no node loads them.
  static let inboxMend = RedisScript(PackageResources.inbox_mend_lua)
  static let nodeForget = RedisScript(PackageResources.node_forget_lua)
  static let inboxSlice = RedisScript(PackageResources.inbox_slice_lua)
  static let activeRecount = RedisScript(PackageResources.active_recount_lua)

  /// What every connection of a node loads in its handshake.
  package static let all = [
    accountAdd, accountDisable, accountEnable, accountReplacePassword, accountSetPassword, loginAttempt, inboxAppend,
    inboxDeliver, inboxShown, sessionOpen, sessionEnd, sessionIndex, sessionUse, inboxAdvance, nodeRenew, nodeRemove,
    presenceSet, presenceAnnounce, blockList, blockEnforce, blockLift,
  ]
}
