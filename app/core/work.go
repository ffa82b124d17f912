package core

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"conclave/call"
	"conclave/call/frame"
	"conclave/call/media"
	"conclave/call/runner"
	"conclave/call/wire"
	"conclave/keys"
	"conclave/keys/group"
)

// ErrPortInUse is what Config.Local wraps when the service found its port taken.
var ErrPortInUse = errors.New("port in use")

func (c *Core) intent(i Intent) {
	switch i := i.(type) {
	case SetName:
		c.setName(i.Name)
	case ChooseService:
		c.chooseService(i.URL)
	case StartMeeting:
		c.startMeeting(i)
	case JoinMeeting:
		c.joinMeeting(i)
	case CloseMeeting:
		c.closeMeeting()
	case ChooseDevices:
		c.chooseDevices(i)
	case Dismiss:
		c.dismiss(i.Notice)
	case OpenPreview:
		c.openPreview(i)
	case ClosePreview:
		c.endPreview(false)
	case TestSpeaker:
		c.testSpeaker()
	case ForgetPerson:
		c.forgetPerson(i)
	case Schedule:
		c.schedule(i)
	case StartScheduled:
		c.startScheduled(i)
	case Unschedule:
		c.unschedule(i)
	case SaveCalendar:
		c.saveCalendar(i)
	case SendReport:
		c.sendReport(i)
	case ClearReport:
		c.clearReport()
	case LeaveMeeting, EndMeeting, SetMic, SetCamera, SetShare, SetHand, Admit, AdmitAll, Refuse, Remove,
		SetLocked, SendChat, JudgeCode:
		if c.meeting != nil {
			c.inMeeting(i)
		} else if c.preview != nil {
			c.inPreview(i)
		}
	case SignIn, Upgrade, Proceed, SignOut, DeleteAccount, RevokeDevice, ExportAccount, DropRefusal:
		c.accountIntent(i)
	case React, LowerHand, Rename, MutePerson, StopCamera, StopShare, MuteAll, LetSpeak, SetRules, AdmitVerified:
		c.hosting(i)
	}
}

func (c *Core) setName(name string) {
	clean, err := keys.CleanName(name)
	if err != nil {
		c.notify(Notice{Code: NoticeNameInvalid, Severity: SeverityWarning})
		return
	}
	c.settings.Name = clean
	c.save()
	c.renameAccount(clean)
}

// chooseDevices takes other devices; a running meeting opens them at once.
func (c *Core) chooseDevices(i ChooseDevices) {
	before := c.devices
	c.devices.Camera, c.devices.Microphone, c.devices.Speaker = i.Camera, i.Microphone, i.Speaker
	c.settings.Camera, c.settings.Microphone, c.settings.Speaker = i.Camera, i.Microphone, i.Speaker
	c.save()
	c.publish() // the openers read the newest snapshot
	s := c.session.Load()
	if s == nil {
		return
	}
	if before.Camera != i.Camera {
		s.Reopen(media.DeviceCamera)
	}
	if before.Microphone != i.Microphone {
		s.Reopen(media.DeviceMicrophone)
	}
	if before.Speaker != i.Speaker {
		s.Reopen(media.DeviceSpeaker)
	}
}

func (c *Core) chooseService(address string) {
	if address == "" {
		c.settings.Service, c.settings.Pin = "", ""
	} else {
		service, pin, err := ParseService(address)
		if err != nil {
			c.notify(Notice{Code: NoticeBrokenLink, Severity: SeverityWarning})
			return
		}
		c.settings.Service, c.settings.Pin = service, pin
	}
	c.useService(c.settings.Service, c.settings.Pin)
	c.tidyAccounts()
	c.save()
}

// ParseService reads a service's address, with or without scheme and pin
// ("#..."), by the rules of links.
func ParseService(address string) (service, pin string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		u, err = url.Parse("https://" + address)
		if err != nil {
			return "", "", err
		}
	}
	u.Path = "/m/" + keys.MeetingID{1}.String()
	l, err := keys.ParseLink(u.String())
	return l.Service, l.Pin, err
}

func (c *Core) useService(service, pin string) {
	if service == "" {
		c.service, c.pin = Service{State: ServiceNone, Local: true}, ""
		return
	}
	c.service, c.pin = Service{State: ServiceUp, URL: service}, pin
}

func (c *Core) startMeeting(i StartMeeting) {
	if !c.mayEnter() {
		return
	}
	if !c.service.Local || c.service.State == ServiceUp {
		c.permitStart(i)
		return
	}
	if c.cfg.Local == nil {
		c.notify(Notice{Code: NoticeServiceBroken, Severity: SeverityWarning})
		return
	}
	starting := c.service.State == ServiceStarting
	c.starting, c.service.State = &i, ServiceStarting
	if !starting {
		c.tasks.Go(func() {
			u, pin, err := c.cfg.Local(c.ctx)
			c.post(served{u, pin, err})
		})
	}
}

func (c *Core) served(w served) {
	start := c.starting
	c.starting = nil
	if w.err != nil {
		c.service = Service{State: ServiceFailed, Local: true, Why: NoticeServiceBroken}
		if errors.Is(w.err, ErrPortInUse) {
			c.service.Why = NoticePortInUse
		}
		c.notify(Notice{Code: c.service.Why, Severity: SeverityWarning})
		return
	}
	c.service, c.pin = Service{State: ServiceUp, URL: w.url, Local: true}, w.pin
	if start != nil && c.mayEnter() {
		c.permitStart(*start)
	}
}

// mayEnter: one meeting at a time, and never without a name.
func (c *Core) mayEnter() bool {
	if c.settings.Name == "" {
		c.notify(Notice{Code: NoticeNameInvalid, Severity: SeverityWarning})
		return false
	}
	if c.meeting != nil && c.meeting.state.Seat == call.SeatEnded {
		c.closeMeeting()
	}
	return c.meeting == nil
}

func (c *Core) create(i StartMeeting, p Permit) {
	about, lobby, err := c.describe(i)
	if err != nil {
		c.notify(Notice{Code: NoticeInternal, Severity: SeverityWarning})
		return
	}
	about.PolicyHash = p.Terms
	c.host(keys.Link{Service: c.service.URL, Meeting: about.ID(), Pin: c.pin}, about, lobby, i.Passcode, p)
}

// describe makes the descriptor of a meeting, now or for later, and its lobby
// key: all that nobody can change afterwards.
func (c *Core) describe(i StartMeeting) (keys.Descriptor, keys.LobbyKey, error) {
	lobby, err := keys.NewLobbyKey()
	if err != nil {
		return keys.Descriptor{}, keys.LobbyKey{}, err
	}
	about, err := keys.NewDescriptor(i.Mode, group.DefaultSuite, c.cfg.Device.Public(), lobby.Public(), c.cfg.Now())
	if err != nil {
		return keys.Descriptor{}, keys.LobbyKey{}, err
	}
	about.Passcode, about.Demand, about.PolicyHash = i.Passcode != "", i.Demand, c.terms(i.Demand)
	return about, lobby, i.Demand.Check()
}

// host creates the meeting of a descriptor, which p permits, and enters it.
func (c *Core) host(link keys.Link, about keys.Descriptor, lobby keys.LobbyKey, passcode string, p Permit) {
	name, err := c.cfg.Device.SignName(about.ID(), c.nameSequence(), c.nameAt(link))
	if err != nil {
		c.notify(Notice{Code: NoticeNameInvalid, Severity: SeverityWarning})
		return
	}
	m := c.begin(link, passcode, p.Most)
	c.timeUp(m, p.Longest)
	m.runner.Create(about, lobby, name)
}

func (c *Core) joinMeeting(i JoinMeeting) {
	link, err := keys.ParseLink(i.Link)
	if err != nil {
		code := NoticeBrokenLink
		if errors.Is(err, keys.ErrForeignLink) {
			code = NoticeForeignLink
		}
		c.notify(Notice{Code: code, Severity: SeverityWarning})
		return
	}
	if !c.mayEnter() {
		return
	}
	name, err := c.cfg.Device.SignName(link.Meeting, c.nameSequence(), c.nameAt(link))
	if err != nil {
		c.notify(Notice{Code: NoticeNameInvalid, Severity: SeverityWarning})
		return
	}
	m := c.begin(link, i.Passcode, 0)
	m.joined = &i
	m.runner.Do(call.Join{Meeting: link.Meeting, Name: name})
}

// begin makes the meeting that is shown from now on.
func (c *Core) begin(link keys.Link, passcode string, most int) *meeting {
	c.endPreview(true)
	c.meetings++
	number := c.meetings
	wants := call.Wants{Mic: !c.settings.MicOff, Camera: !c.settings.CameraOff}
	m := &meeting{
		number: number, link: link, state: call.Begin(c.cfg.Device.Public(), wants),
		tiles: map[keys.PublicKey]TileState{}, speaking: map[keys.PublicKey]bool{}, quality: map[keys.PublicKey]int{},
	}
	m.account = c.accountAt(link.Service, link.Pin)
	m.runner = runner.Start(runner.Config{
		Device: c.cfg.Device, Passcode: passcode, Wants: wants, Now: c.cfg.Now, Passports: m.account.passports(), Most: most,
		Dial: func(ctx context.Context) (runner.Conn, error) { return c.cfg.Dial(ctx, link.Service, link.Pin) },
		Media: func(about keys.Descriptor, ring *frame.Ring, token func() (string, string)) runner.Media {
			return c.openSession(link, about, ring, token)
		},
		Observe: func(s call.State) { c.observe(number, s) },
		Tell:    func(t call.Tell) { c.post(told{number, t}) },
		OnMedia: func(e media.Event) { c.post(happened{number, e}) },
	})
	c.meeting = m
	c.tidyAccounts()
	c.notices = nil
	return m
}

// openSession starts a meeting's media; called in the runner's goroutine.
func (c *Core) openSession(link keys.Link, about keys.Descriptor, ring *frame.Ring, token func() (string, string)) runner.Media {
	h := c.cfg.Hardware
	cfg := media.SessionConfig{
		Mode: about.Mode, Meeting: link.Meeting, Self: c.cfg.Device.Public(), Ring: ring,
		Codecs: h.Codecs, Format: c.cfg.Format, ScreenFormat: c.cfg.ScreenFormat, ReadPatterns: c.cfg.ReadPatterns, Now: c.cfg.Now,
		Dial: func(ctx context.Context) (media.Relay, error) {
			address, secret := token()
			return c.cfg.Relay(ctx, address, secret, link.Pin)
		},
	}
	if h.Camera != nil {
		cfg.Video = func() (media.VideoSource, error) { return c.openCamera(nil) }
	}
	if h.Microphone != nil {
		cfg.Audio = func() (media.AudioSource, error) { return c.openMicrophone(nil) }
	}
	if h.Speaker != nil {
		cfg.Speaker = func() (media.AudioSink, error) { return h.Speaker(c.Latest().Devices.Speaker) }
	}
	if h.Screen != nil {
		cfg.Screen = func() (media.VideoSource, error) { return h.Screen(c.screen()) }
	}
	s := media.NewSession(cfg)
	c.session.Store(s)
	return s
}

func (c *Core) closeMeeting() {
	m := c.meeting
	if m == nil {
		return
	}
	c.meeting = nil
	c.session.Store(nil)
	c.report = Report{}
	c.notices = nil
	m.stopLimit()
	c.tasks.Go(m.runner.Close)
}

func (c *Core) inMeeting(i Intent) {
	m := c.meeting
	wants := m.state.Wants
	switch i := i.(type) {
	case LeaveMeeting:
		m.runner.Do(call.Leave{})
	case EndMeeting:
		m.runner.Do(call.EndAll{})
	case SetMic:
		wants.Mic = i.On
	case SetCamera:
		wants.Camera = i.On
	case SetShare:
		wants.Share = c.share(i)
	case SetHand:
		wants.Hand = i.Up
	case Admit:
		m.runner.Do(call.Admit{Tickets: tickets(i.Ticket)})
	case AdmitAll:
		m.runner.Do(call.Admit{})
	case Refuse:
		for _, t := range tickets(i.Ticket) {
			m.runner.Do(call.Refuse{Ticket: t})
		}
	case Remove:
		m.runner.Do(call.Remove{Person: i.Person})
	case SetLocked:
		m.runner.Do(call.Lock{Locked: i.Locked})
	case SendChat:
		m.runner.Do(call.Chat{Text: i.Text})
	case JudgeCode:
		m.runner.Do(call.Judge{Epoch: i.Epoch, Matches: i.Matches})
	}
	if wants != m.state.Wants {
		m.state.Wants = wants
		c.settings.MicOff, c.settings.CameraOff = !wants.Mic, !wants.Camera
		m.runner.Do(call.Wish{Wants: wants})
	}
}

// tickets reads a snapshot's ticket; one that is not a number admits nobody.
func tickets(text string) []wire.Ticket {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return []wire.Ticket{0}
	}
	return []wire.Ticket{wire.Ticket(n)}
}

func (c *Core) dismiss(id uint64) {
	kept := make([]Notice, 0, len(c.notices))
	for _, n := range c.notices {
		if n.ID != id {
			kept = append(kept, n)
		}
	}
	c.notices = kept
}

func (c *Core) happened(e media.Event) {
	m := c.meeting
	switch e.Kind {
	case media.EventTileState:
		m.tiles[e.Key] = tileStates[e.State]
	case media.EventSpeaking:
		m.speaking[e.Key] = e.Level > 0
		if e.Key == m.state.Self {
			c.devices.Level = e.Level
		}
	case media.EventDeviceLost:
		c.deviceFault(e.Device, faultOf(e.Err))
	case media.EventDeviceBack:
		c.deviceFault(e.Device, DeviceFine)
	case media.EventQuality:
		m.quality[e.Key] = e.Quality
	case media.EventSaving:
		m.saving = e.Saving
	case media.EventUnknown, media.EventFlowing, media.EventStalled, media.EventStrangers, media.EventFirstFrame:
	}
}

func faultOf(err error) DeviceFault {
	switch {
	case errors.Is(err, media.ErrDeviceMissing):
		return DeviceMissing
	case errors.Is(err, media.ErrDeviceBusy):
		return DeviceBusy
	}
	return DeviceBroken
}

func (c *Core) deviceFault(kind media.DeviceKind, f DeviceFault) {
	m := c.meeting
	var code NoticeCode
	switch kind {
	case media.DeviceCamera:
		m.camFault, code = f, NoticeCameraMissing
		if f == DeviceBusy {
			code = NoticeCameraBusy
		}
	case media.DeviceMicrophone:
		m.micFault, code = f, NoticeMicMissing
	case media.DeviceSpeaker:
		m.spkFault, code = f, NoticeSpeakerMissing
	case media.DeviceScreen:
		c.screenFault(f)
		return
	case media.DeviceUnknown:
		return
	}
	if f != DeviceFine {
		c.notify(Notice{Code: code, Severity: SeverityInfo})
	}
}
