package door

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// groupLocks keeps a message group of a FIFO queue to one batch at once. SQS
// does so itself for as long as a batch is invisible; the locks hold for the
// batch that takes longer. A nil *groupLocks lets everything pass.
type groupLocks struct {
	mu   sync.Mutex
	busy map[string]bool
}

func newGroupLocks() *groupLocks { return &groupLocks{busy: make(map[string]bool)} }

// lock takes the groups of the messages and returns, in order, those messages
// whose group was free. The others are left to their visibility timeout; until
// then SQS hands out nothing of their group, so nothing overtakes them.
func (g *groupLocks) lock(messages []types.Message) []types.Message {
	if g == nil {
		return messages
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var batch []types.Message
	taken := make(map[string]bool)
	for _, message := range messages {
		group := groupOf(message)
		if g.busy[group] && !taken[group] {
			continue
		}
		g.busy[group], taken[group] = true, true
		batch = append(batch, message)
	}
	return batch
}

// unlock frees the groups of a batch that lock returned.
func (g *groupLocks) unlock(batch []types.Message) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, message := range batch {
		delete(g.busy, groupOf(message))
	}
}

func groupOf(message types.Message) string {
	return message.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]
}
